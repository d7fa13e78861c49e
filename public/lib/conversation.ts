import type { Sampling } from "./sampling.ts";

/** A text that goes along with a question. */
export interface Attachment {
  name: string;
  /** Characters of text. */
  size: number;
  text: string;
}

/** What is known of how an answer was made. */
export interface AnswerFacts {
  promptTokens: number;
  completionTokens: number;
  tokensPerSecond: number | null;
  /** From the request to the first token. */
  firstTokenMs: number | null;
  totalMs: number;
  /** Of the deployment that answered; `null` where it was not known. */
  contextLength: number | null;
}

/** How an answer ended; `stopped` is by the reader, `failed` has a message. */
export type Ending = "stop" | "length" | "stopped" | "failed";

export interface Message {
  id: string;
  /** The message this one follows; `null` at the beginning. */
  parent: string | null;
  role: "user" | "assistant";
  content: string;
  /** Unix time in milliseconds. */
  created: number;
  attachments?: Attachment[];
  model?: string;
  thinking?: string;
  thinkingMs?: number;
  facts?: AnswerFacts;
  ending?: Ending;
  /** Why it failed. */
  error?: string;
}

/**
 * A conversation is a tree: editing a question or asking for another answer starts a sibling, and
 * nothing is lost. What is shown is the path from the root to `leaf`.
 */
export interface Conversation {
  id: string;
  title: string;
  /** Whether a person named it; else the title follows the first question. */
  named: boolean;
  pinned: boolean;
  /** Unix times in milliseconds. */
  created: number;
  updated: number;
  leaf: string | null;
  messages: Message[];
  system: string;
  sampling: Sampling;
  model: string | null;
}

export function newConversation(
  given: Partial<Conversation> & { id: string; created: number },
): Conversation {
  return {
    title: "New conversation",
    named: false,
    pinned: false,
    updated: given.created,
    leaf: null,
    messages: [],
    system: "",
    sampling: {},
    model: null,
    ...given,
  };
}

const find = ({ messages }: Conversation, id: string | null): Message | undefined =>
  id === null ? undefined : messages.find((message) => message.id === id);

/** The messages from the beginning to `leaf`, or to the message given. */
export function pathTo(conversation: Conversation, id: string | null = conversation.leaf): Message[] {
  const path: Message[] = [];
  // An imported file may hold a ring of parents.
  const seen = new Set<string>();
  let at = find(conversation, id);
  while (at && !seen.has(at.id)) {
    seen.add(at.id);
    path.unshift(at);
    at = find(conversation, at.parent);
  }
  return path;
}

/** The message and its alternatives, oldest first. */
export function siblings({ messages }: Conversation, { parent, role }: Message): Message[] {
  return messages.filter((message) => message.parent === parent && message.role === role);
}

/** The conversation with another message at its end; the first question gives it its title. */
export function withMessage(conversation: Conversation, message: Message): Conversation {
  const { named, title, messages } = conversation;
  const first = messages.length === 0 && message.role === "user";
  return {
    ...conversation,
    title: first && !named ? titleOf(message) : title,
    messages: [...messages, message],
    leaf: message.id,
    updated: message.created,
  };
}

export function withChange(conversation: Conversation, id: string, change: Partial<Message>): Conversation {
  const messages = conversation.messages.map((message) =>
    message.id === id ? { ...message, ...change } : message,
  );
  return { ...conversation, messages };
}

/** Shows another branch: the message, and below it whatever came last. */
export function withBranch(conversation: Conversation, id: string): Conversation {
  let leaf = id;
  const seen = new Set<string>();
  while (!seen.has(leaf)) {
    seen.add(leaf);
    leaf = conversation.messages.findLast((message) => message.parent === leaf)?.id ?? leaf;
  }
  return { ...conversation, leaf };
}

/** The conversation without this message and all that follows it. A sibling is shown in its place. */
export function withoutMessage(conversation: Conversation, id: string): Conversation {
  const message = find(conversation, id);
  if (!message) return conversation;
  const gone = new Set([id]);
  // Parents come before their children.
  for (const { id: child, parent } of conversation.messages)
    if (parent !== null && gone.has(parent)) gone.add(child);
  const messages = conversation.messages.filter((one) => !gone.has(one.id));
  const rest = { ...conversation, messages };
  if (conversation.leaf === null || !gone.has(conversation.leaf)) return rest;
  const next = siblings(rest, message).at(-1);
  return next ? withBranch(rest, next.id) : { ...rest, leaf: message.parent };
}

/** The conversation with every message that an earlier state of it had, and that state's branch shown. */
export function withMessagesOf(conversation: Conversation, before: Conversation): Conversation {
  const now = new Map(conversation.messages.map((message) => [message.id, message]));
  const then = new Map(before.messages.map((message) => [message.id, message]));
  // What was there first comes first: parents stand before their children.
  return { ...conversation, messages: [...new Map([...then, ...now]).values()], leaf: before.leaf };
}

/** A conversation of its own that begins with the path to this message. */
export function forkAt(
  conversation: Conversation,
  id: string,
  fresh: { id: string; now: number },
): Conversation {
  return {
    ...conversation,
    id: fresh.id,
    title: `${conversation.title} (branch)`,
    pinned: false,
    created: fresh.now,
    updated: fresh.now,
    messages: pathTo(conversation, id),
    leaf: id,
  };
}

const TITLE_LENGTH = 60;

function titleOf({ content, attachments = [] }: Message): string {
  const line = content.trim().replace(/\s+/g, " ") || attachments[0]?.name || "New conversation";
  if (line.length <= TITLE_LENGTH) return line;
  const cut = line.slice(0, TITLE_LENGTH);
  const space = cut.lastIndexOf(" ");
  return `${cut.slice(0, space > TITLE_LENGTH / 2 ? space : TITLE_LENGTH)}…`;
}
