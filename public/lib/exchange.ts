import { type Conversation, type Message, newConversation } from "./conversation.ts";

const FORMAT = "berth-conversations";

/** Conversations as a file that `readExport` takes back. */
export function writeExport(conversations: Conversation[]): string {
  return JSON.stringify({ format: FORMAT, version: 1, conversations }, null, 2);
}

/**
 * Reads an exported file. What is no conversation in it is left out; ids are new where `taken` has them.
 * @throws Error that says what is wrong with the file
 */
export function readExport(
  text: string,
  taken: (id: string) => boolean,
  newId: () => string,
): Conversation[] {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON. Choose one that was exported here.");
  }
  const list = isRecord(file) && file["format"] === FORMAT ? file["conversations"] : null;
  if (!Array.isArray(list)) throw new Error("This file holds no conversations of Berth.");
  const conversations = list.map(readConversation).filter((one) => one !== null);
  if (conversations.length === 0) throw new Error("This file holds no conversation that can be read.");
  return conversations.map((one) => (taken(one.id) ? { ...one, id: newId() } : one));
}

function readConversation(value: unknown): Conversation | null {
  if (!isRecord(value) || typeof value["id"] !== "string" || !Array.isArray(value["messages"])) return null;
  const messages = value["messages"].filter(isMessage);
  const known = new Set(messages.map(({ id }) => id));
  const leaf =
    typeof value["leaf"] === "string" && known.has(value["leaf"]) ? value["leaf"] : messages.at(-1)?.id;
  const created = number(value["created"]) ?? Date.now();
  return newConversation({
    id: value["id"],
    title: string(value["title"]) ?? "Imported conversation",
    named: value["named"] === true,
    pinned: value["pinned"] === true,
    created,
    updated: number(value["updated"]) ?? created,
    leaf: leaf ?? null,
    messages,
    system: string(value["system"]) ?? "",
    sampling: isRecord(value["sampling"]) ? value["sampling"] : {},
    model: string(value["model"]),
  });
}

function isMessage(value: unknown): value is Message {
  return (
    isRecord(value) &&
    typeof value["id"] === "string" &&
    (value["parent"] === null || typeof value["parent"] === "string") &&
    (value["role"] === "user" || value["role"] === "assistant") &&
    typeof value["content"] === "string" &&
    (value["attachments"] === undefined ||
      (Array.isArray(value["attachments"]) && value["attachments"].every(isAttachment)))
  );
}

const isAttachment = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value["name"] === "string" &&
  typeof value["text"] === "string" &&
  typeof value["size"] === "number";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const string = (value: unknown): string | null => (typeof value === "string" ? value : null);
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
