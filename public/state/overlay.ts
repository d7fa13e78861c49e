import { signal } from "@preact/signals";

/** What lies over the page; at most one. */
export type Overlay = "settings" | "code" | "shortcuts" | "key" | null;

export const overlay = signal<Overlay>(null);
