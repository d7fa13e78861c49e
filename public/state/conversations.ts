import { computed, signal } from "@preact/signals";
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { type Conversation, newConversation } from "../lib/conversation.ts";
import { newId } from "../lib/id.ts";
import { notify } from "./notices.ts";
import { chosenModel, defaults } from "./preferences.ts";
import { route } from "./route.ts";

interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation };
}

/** Every conversation that this browser keeps, by id. */
export const conversations = signal<ReadonlyMap<string, Conversation>>(new Map());

/** Whether they have been read; until then an unknown address may still turn out to be known. */
export const loaded = signal(false);

/** What the chat shows before the first question of a new conversation. */
export const draft = signal(freshDraft());

/** The conversation of the address, or the draft. */
export const current = computed(() => {
  const id = route.value.conversation;
  return (id === null ? null : conversations.value.get(id)) ?? draft.value;
});

const open = () =>
  openDB<Schema>("berth", 1, {
    upgrade: (db) => void db.createObjectStore("conversations", { keyPath: "id" }),
  });
let database = open();
/** Whether it was said that nothing is kept. */
let isTold = false;

/** Some browsers drop the connection of a page that was in the background. */
async function inDatabase<T>(act: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
  try {
    return await act(await database);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "InvalidStateError")) throw error;
    database = open();
    return act(await database);
  }
}

/** Tells other tabs which conversation changed. */
const channel = new BroadcastChannel("berth-conversations");
channel.addEventListener("message", ({ data }) => void reread(String(data)));

/** Reads what is kept; without a database the page works, and forgets. */
export async function loadConversations(): Promise<void> {
  try {
    const all = await inDatabase((db) => db.getAll("conversations"));
    conversations.value = new Map([...all.map((one) => [one.id, one] as const), ...conversations.value]);
  } catch {
    isTold = true;
    notify("This browser does not let the page keep conversations: they last until it is closed.", "error");
  }
  loaded.value = true;
}

const tellOthers = (id: string): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin by itself
  channel.postMessage(id);
};

async function reread(id: string): Promise<void> {
  const one = await inDatabase((db) => db.get("conversations", id));
  const next = new Map(conversations.value);
  if (one) next.set(id, one);
  else next.delete(id);
  conversations.value = next;
}

/** Puts a conversation in place of what was there, and keeps it. */
export function save(conversation: Conversation): void {
  conversations.value = new Map(conversations.value).set(conversation.id, conversation);
  void keep(conversation);
}

/** Keeps a conversation as it is to be found after a crash, without showing it. */
export async function keep(conversation: Conversation): Promise<void> {
  try {
    await inDatabase((db) => db.put("conversations", conversation));
    tellOthers(conversation.id);
  } catch (error) {
    tellNotKept(error);
  }
}

function tellNotKept(error: unknown): void {
  if (error instanceof DOMException && error.name === "QuotaExceededError")
    return notify("The browser's storage is full: delete some conversations, or export them first.", "error");
  if (!isTold)
    notify("This browser keeps no changes any more: export what matters, then load the page again.", "error");
  isTold = true;
}

export function remove(id: string): void {
  const next = new Map(conversations.value);
  next.delete(id);
  conversations.value = next;
  inDatabase((db) => db.delete("conversations", id)).then(() => tellOthers(id), tellNotKept);
}

/** Changes a conversation, whether it is kept or still the draft. */
export function change(id: string, with_: (conversation: Conversation) => Conversation): void {
  if (id === draft.value.id) {
    draft.value = with_(draft.value);
    return;
  }
  const conversation = conversations.value.get(id);
  if (conversation) save(with_(conversation));
}

/** Begins a new conversation; the draft there was becomes a kept one with its first question. */
export function resetDraft(): void {
  draft.value = freshDraft();
}

/** New conversations begin with these settings, the one that is there already too. */
export function beginWith(settings: Pick<Conversation, "system" | "sampling">): void {
  defaults.value = settings;
  draft.value = { ...draft.value, ...structuredClone(settings) };
}

function freshDraft(): Conversation {
  return newConversation({
    id: newId(),
    created: Date.now(),
    model: chosenModel.peek(),
    ...structuredClone(defaults.peek()),
  });
}
