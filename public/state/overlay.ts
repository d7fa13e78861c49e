import { signal } from "@preact/signals";

/** What lies over the page; at most one. */
export type Overlay = "settings" | "code" | "shortcuts" | "key" | null;

export const overlay = signal<Overlay>(null);

/** The dialogs that are open, the topmost last. Whatever lies outside of that one is out of reach. */
export const dialogs = signal<readonly HTMLDialogElement[]>([]);
