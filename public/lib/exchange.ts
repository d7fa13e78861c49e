import {
  type AnswerFacts,
  type Attachment,
  type Conversation,
  type Ending,
  type Message,
  newConversation,
} from "./conversation.ts";
import { readSampling } from "./sampling.ts";

const FORMAT = "berth-conversations";

/** Conversations as a file that `readExport` takes back. */
export function writeExport(conversations: Conversation[]): string {
  return JSON.stringify({ format: FORMAT, version: 1, conversations }, null, 2);
}

/**
 * Reads an exported file. What is no conversation in it is left out, and so is of a message what the page could
 * not show; ids are new where `taken` has them, or the file holds them twice.
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
  const given = new Set<string>();
  return conversations.map((one) => {
    const id = taken(one.id) || given.has(one.id) ? newId() : one.id;
    given.add(id);
    return { ...one, id };
  });
}

function readConversation(value: unknown): Conversation | null {
  if (!isRecord(value) || typeof value["id"] !== "string" || !Array.isArray(value["messages"])) return null;
  const created = number(value["created"]) ?? Date.now();
  const read = value["messages"].map((one) => readMessage(one, created)).filter((one) => one !== null);
  // Of two with one id, only the first could ever be found.
  const known = new Map(read.toReversed().map((one) => [one.id, one]));
  const messages = read.filter((one) => known.get(one.id) === one);
  const leaf =
    typeof value["leaf"] === "string" && known.has(value["leaf"]) ? value["leaf"] : messages.at(-1)?.id;
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
    sampling: isRecord(value["sampling"]) ? readSampling(value["sampling"]) : {},
    model: string(value["model"]),
  });
}

const ROLES = ["user", "assistant"] as const;
const ENDINGS = ["stop", "length", "stopped", "failed"] as const satisfies Ending[];

function readMessage(value: unknown, created: number): Message | null {
  if (!isRecord(value)) return null;
  const { id, parent, content } = value;
  const role = ROLES.find((one) => one === value["role"]);
  if (typeof id !== "string" || typeof content !== "string" || role === undefined) return null;
  if (parent !== null && typeof parent !== "string") return null;
  return {
    id,
    parent,
    role,
    content,
    created: number(value["created"]) ?? created,
    ...present({
      attachments: Array.isArray(value["attachments"]) ? value["attachments"].filter(isAttachment) : null,
      model: string(value["model"]),
      thinking: string(value["thinking"]),
      thinkingMs: number(value["thinkingMs"]),
      facts: isRecord(value["facts"]) ? readFacts(value["facts"]) : null,
      ending: ENDINGS.find((one) => one === value["ending"]) ?? null,
      error: string(value["error"]),
    }),
  };
}

/** What an answer took; without these three figures nothing can be said of it. */
function readFacts(value: Record<string, unknown>): AnswerFacts | null {
  const promptTokens = number(value["promptTokens"]);
  const completionTokens = number(value["completionTokens"]);
  const totalMs = number(value["totalMs"]);
  if (promptTokens === null || completionTokens === null || totalMs === null) return null;
  return {
    promptTokens,
    completionTokens,
    totalMs,
    tokensPerSecond: number(value["tokensPerSecond"]),
    firstTokenMs: number(value["firstTokenMs"]),
    contextLength: number(value["contextLength"]),
  };
}

const isAttachment = (value: unknown): value is Attachment =>
  isRecord(value) &&
  typeof value["name"] === "string" &&
  typeof value["text"] === "string" &&
  typeof value["size"] === "number";

/** Those of the fields that have a value. */
const present = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as {
    [Name in keyof T]?: NonNullable<T[Name]>;
  };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const string = (value: unknown): string | null => (typeof value === "string" ? value : null);
const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
