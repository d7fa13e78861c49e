import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  text: string;
  kind: "info" | "error";
  /** Something to do about it. */
  action?: { label: string; run: () => void };
}

/** What the page has to say in passing, oldest first. */
export const notices = signal<readonly Notice[]>([]);

let last = 0;

/** Shows a notice. Errors stay longer, and one with something to do stays longest. */
export function notify(text: string, kind: Notice["kind"] = "info", action?: Notice["action"]): void {
  const id = ++last;
  notices.value = [...notices.value.slice(-2), { id, text, kind, ...(action ? { action } : {}) }];
  setTimeout(() => dismiss(id), action ? 10_000 : kind === "error" ? 8000 : 4000);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
