import { signal } from "@preact/signals";

export type View = "chat" | "models" | "system";

export interface Route {
  view: View;
  /** Of the chat: which conversation; `null` is a new one. */
  conversation: string | null;
}

/** Reads the part of the address behind `#`: `#/chat/<id>`, `#/models`, `#/system`. */
function readRoute(hash: string): Route {
  const [, view, id] = hash.split("/");
  if (view === "models" || view === "system") return { view, conversation: null };
  return { view: "chat", conversation: view === "chat" && id ? id : null };
}

export const route = signal(readRoute(location.hash));
addEventListener("hashchange", () => (route.value = readRoute(location.hash)));

export const chatPath = (id: string | null): string => (id ? `#/chat/${id}` : "#/chat");

/** Goes there, as a link would. */
export function go(path: string): void {
  location.hash = path;
  // The event comes later; whoever types in between would type into what was there before.
  route.value = readRoute(path);
}

/** Goes there without a step that "back" would return to. */
export function replace(path: string): void {
  history.replaceState(null, "", path);
  route.value = readRoute(location.hash);
}
