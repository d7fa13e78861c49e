import { type Signal, signal } from "@preact/signals";
import type { TokenizeAnswer } from "../../src/schemas/tokenize.ts";
import { explain } from "../lib/api.ts";
import { chatBody, chatMessages } from "../lib/chat-request.ts";
import { type ChatPiece, readChat } from "../lib/chat-stream.ts";
import {
  type Conversation,
  type Ending,
  type Message,
  withChange,
  withMessage,
} from "../lib/conversation.ts";
import { newId } from "../lib/id.ts";
import { readEvents } from "../lib/sse.ts";
import { splitThinking } from "../lib/thinking.ts";
import { conversations, keep, save } from "./conversations.ts";
import { call, models, send } from "./server.ts";

/** An answer that is being written. */
export interface Generation {
  conversation: string;
  message: string;
  /** What there is of the answer; changes at most once per frame. */
  content: Signal<string>;
  thinking: Signal<string>;
  /** Whether the first token is still awaited. */
  waiting: Signal<boolean>;
  /** Resolves when what there is of the answer stands in the conversation. */
  stop(): Promise<void>;
}

/** By conversation: at most one each. */
export const generations = signal<ReadonlyMap<string, Generation>>(new Map());

/** How often a long answer is kept while it is written, so that a closed tab loses little. */
const KEEP_EVERY_MS = 2000;

/** Adds an answer to the conversation's message `parent` and writes it. */
export function answer(conversation: Conversation, parent: string, model: string): Promise<void> {
  const message: Message = {
    id: newId(),
    parent,
    role: "assistant",
    content: "",
    created: Date.now(),
    model,
  };
  save(withMessage(conversation, message));
  return run(conversation.id, message, (signal) =>
    send("/v1/chat/completions", { method: "POST", body: chatBody(conversation, parent, model), signal }),
  );
}

/** Goes on with an answer that was stopped or reached its limit, from its last character. */
export function continueAnswer(conversation: Conversation, message: Message, model: string): Promise<void> {
  const { error: _, ...rest } = message;
  return run(conversation.id, rest, async (signal) => {
    const count = (body: object) =>
      call<TokenizeAnswer>("/tokenize", { method: "POST", body: { model, ...body }, signal });
    // Exactly what the answer began from, and then the answer so far, as the model's own words.
    const [prompt, begun] = await Promise.all([
      count({ messages: chatMessages(conversation, message.parent) }),
      count({ content: message.content, add_special: false }),
    ]);
    const { max_tokens, ...sampling } = conversation.sampling;
    // A text completion ends after 16 tokens unless it is told otherwise.
    const room = Math.max(1, prompt.max_model_len - prompt.count - begun.count);
    const body = {
      model,
      prompt: [...prompt.tokens, ...begun.tokens],
      ...sampling,
      max_tokens: Math.min(max_tokens ?? room, room),
      stream: true,
      stream_options: { include_usage: true },
    };
    return send("/v1/completions", { method: "POST", body, signal });
  });
}

async function run(
  conversation: string,
  message: Message,
  ask: (signal: AbortSignal) => Promise<Response>,
): Promise<void> {
  const abort = new AbortController();
  const writing = new Writing(message);
  const ended = Promise.withResolvers<void>();
  const generation: Generation = {
    conversation,
    message: message.id,
    content: writing.content,
    thinking: writing.thinking,
    waiting: writing.waiting,
    stop() {
      abort.abort();
      return ended.promise;
    },
  };
  generations.value = new Map(generations.value).set(conversation, generation);
  const commit = (change: Partial<Message>, store: (conversation: Conversation) => unknown) => {
    const kept = conversations.peek().get(conversation);
    if (kept) store(withChange(kept, message.id, change));
  };
  const keeping = setInterval(() => commit(writing.soFar(), keep), KEEP_EVERY_MS);
  let ending: Ending = "stop";
  let error: string | undefined;
  try {
    const { body } = await ask(abort.signal);
    if (body)
      for await (const piece of readChat(readEvents(body))) {
        if (piece.kind === "end") ending = piece.reason === "length" ? "length" : "stop";
        else writing.add(piece);
      }
  } catch (reason) {
    ending = abort.signal.aborted ? "stopped" : "failed";
    if (ending === "failed") error = explain(reason);
  }
  clearInterval(keeping);
  commit({ ...writing.end(), ending, error }, save);
  const rest = new Map(generations.value);
  rest.delete(conversation);
  generations.value = rest;
  ended.resolve();
}

/** What has come of an answer, for the page once per frame and for the record at its end. */
class Writing {
  readonly content: Signal<string>;
  readonly thinking: Signal<string>;
  /** Whether there is nothing to show yet. */
  readonly waiting: Signal<boolean>;
  readonly #model: string;
  readonly #before: string;
  readonly #started = performance.now();
  #raw = "";
  #thoughts: string;
  #firstMs: number | null = null;
  #thinkingMs: number | undefined;
  #usage: Extract<ChatPiece, { kind: "usage" }> | null = null;
  #frame = 0;

  constructor({ content, thinking = "", thinkingMs, model = "" }: Message) {
    this.#before = content;
    this.#thoughts = thinking;
    this.#thinkingMs = thinkingMs;
    this.#model = model;
    this.content = signal(content);
    this.waiting = signal(content === "");
    this.thinking = signal(thinking);
  }

  add(piece: Exclude<ChatPiece, { kind: "end" }>): void {
    if (piece.kind === "usage") {
      this.#usage = piece;
      return;
    }
    this.#firstMs ??= performance.now() - this.#started;
    if (piece.kind === "thinking") this.#thoughts += piece.text;
    else this.#raw += piece.text;
    if (this.#frame === 0) this.#frame = requestFrame(() => this.#show());
  }

  /** @param whole whether nothing more comes, so that what looks like half a tag is text */
  soFar(whole = false): Pick<Message, "content" | "thinking" | "thinkingMs"> {
    const { thinking, answer } = this.#split(whole);
    return {
      content: answer,
      ...(thinking ? { thinking, thinkingMs: this.#thinkingMs ?? performance.now() - this.#started } : {}),
    };
  }

  end(): Partial<Message> {
    cancelFrame(this.#frame);
    this.#show();
    const totalMs = performance.now() - this.#started;
    const usage = this.#usage;
    const deployment = models.peek().find((model) => model.model_name === this.#model);
    const decodeMs = totalMs - (this.#firstMs ?? totalMs);
    return {
      ...this.soFar(true),
      ...(usage
        ? {
            facts: {
              promptTokens: usage.inputTokens,
              completionTokens: usage.outputTokens,
              tokensPerSecond:
                usage.tokensPerSecond ?? (decodeMs > 0 ? (1000 * usage.outputTokens) / decodeMs : null),
              firstTokenMs: this.#firstMs,
              totalMs,
              contextLength: deployment?.context_length ?? null,
            },
          }
        : {}),
    };
  }

  #split(whole = false): { thinking: string; answer: string } {
    // What follows a kept beginning is the middle of an answer, where a tag is text.
    if (this.#before) return { thinking: this.#thoughts, answer: this.#before + this.#raw };
    const { thinking, answer } = splitThinking(this.#raw, whole);
    return { thinking: [this.#thoughts, thinking].filter(Boolean).join("\n\n"), answer };
  }

  #show(): void {
    this.#frame = 0;
    const { thinking, answer } = this.#split();
    if (thinking && answer) this.#thinkingMs ??= performance.now() - this.#started;
    this.waiting.value = this.#firstMs === null && this.#before === "";
    this.content.value = answer;
    this.thinking.value = thinking;
  }
}

/** A hidden tab has no frames, yet its answers go on. */
const requestFrame = (show: () => void): number =>
  document.hidden ? Number(setTimeout(show, 250)) : requestAnimationFrame(show);

function cancelFrame(id: number): void {
  cancelAnimationFrame(id);
  clearTimeout(id);
}
