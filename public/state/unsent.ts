import { type Signal, signal } from "@preact/signals";
import type { Attachment, Conversation } from "../lib/conversation.ts";
import { draft } from "./conversations.ts";

/** What was written for a conversation and is not sent yet. */
export interface Unsent {
  text: Signal<string>;
  attached: Signal<Attachment[]>;
  /** Files that are still read, by name. */
  reading: Signal<string[]>;
}

const all = new Map<string | null, Unsent>();

/** Of each conversation its own, and one for whichever is new: who looks elsewhere finds it again. */
export function unsentOf({ id }: Conversation): Unsent {
  const key = id === draft.peek().id ? null : id;
  const known = all.get(key);
  if (known) return known;
  const unsent = { text: signal(""), attached: signal<Attachment[]>([]), reading: signal<string[]>([]) };
  all.set(key, unsent);
  return unsent;
}
