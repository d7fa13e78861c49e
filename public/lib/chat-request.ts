import { attachedText } from "./attachments.ts";
import type { Conversation, Message } from "./conversation.ts";
import { pathTo } from "./conversation.ts";
import type { Sampling } from "./sampling.ts";

export interface ChatBody extends Sampling {
  model: string;
  messages: { role: "system" | "user" | "assistant"; content: string }[];
  stream: true;
  stream_options: { include_usage: true };
}

/** The messages of a request: the system prompt and the path up to and with `last`. */
export function chatMessages(conversation: Conversation, last: string | null): ChatBody["messages"] {
  const turns = pathTo(conversation, last)
    // An answer that failed before its first word is no turn of the conversation.
    .filter((message) => message.role === "user" || message.content !== "")
    .map((message) => ({ role: message.role, content: wholeContent(message) }));
  const system = conversation.system.trim();
  const asked = taken(turns);
  return system ? [{ role: "system", content: system }, ...asked] : asked;
}

/** Questions in a row, the first of which were never answered, as one: many templates want the roles to alternate. */
function taken(turns: ChatBody["messages"]): ChatBody["messages"] {
  const found: ChatBody["messages"] = [];
  for (const turn of turns) {
    const last = found.at(-1);
    if (last?.role === "user" && turn.role === "user") last.content += `\n\n${turn.content}`;
    else found.push(turn);
  }
  return found;
}

/** The body of `POST /v1/chat/completions` for the answer to the message `last`. */
export function chatBody(conversation: Conversation, last: string | null, model: string): ChatBody {
  return {
    model,
    messages: chatMessages(conversation, last),
    ...conversation.sampling,
    stream: true,
    stream_options: { include_usage: true },
  };
}

function wholeContent({ content, attachments = [] }: Message): string {
  return [...attachments.map(attachedText), content].filter((text) => text !== "").join("\n\n");
}
