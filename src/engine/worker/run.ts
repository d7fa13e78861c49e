import type { StepOutput } from "../protocol.ts";
import type { Sampler } from "./binding.ts";
import type { SamplerConfig } from "./sampling.ts";
import type { Slot } from "./slots.ts";
import { AnswerText } from "./text.ts";

/** What a run needs to know of the model's tokens. */
export interface TokenMeaning {
  bytes(token: number): Uint8Array;
  isEnd(token: number): boolean;
}

export interface RunOptions {
  id: string;
  prompt: Uint32Array;
  /** Most tokens to generate, the context's end included. */
  limit: number;
  sampler: SamplerConfig;
  stop: readonly string[];
  /** Whether it takes the place of another one, so that it needs none in the queue. */
  follows?: boolean;
}

/** One request on its way through the step loop. Times are milliseconds of `performance.now()`. */
export class Run {
  readonly id: string;
  readonly prompt: Uint32Array;
  readonly limit: number;
  readonly samplerConfig: SamplerConfig;
  readonly follows: boolean;
  readonly #text: AnswerText;
  readonly #queuedAt = performance.now();
  #startedAt = 0;
  #firstTokenAt = 0;
  #completionTokens = 0;
  /** Set while it has a slot. */
  slot: Slot | null = null;
  sampler: Sampler | null = null;
  cachedTokens = 0;
  /** The client is gone; the loop lets go of it before the next step. */
  cancelled = false;
  /** Over, in whatever way; nothing more may be done for it. */
  over = false;
  /** The token sampled last, which the next step evaluates. */
  readonly last = new Uint32Array(1);
  /** What may come after it; the next step finds out. */
  guesses = new Uint32Array();

  constructor({ id, prompt, limit, sampler, stop, follows = false }: RunOptions) {
    this.id = id;
    this.prompt = prompt;
    this.limit = limit;
    this.samplerConfig = sampler;
    this.follows = follows;
    this.#text = new AnswerText(stop);
  }

  /** Whether the whole prompt is evaluated and tokens are coming. */
  get answering(): boolean {
    return this.#completionTokens > 0;
  }

  /** Most tokens that may still come. */
  get left(): number {
    return this.limit - this.#completionTokens;
  }

  /** Prompt and answer so far, the token sampled last included. */
  said(): Uint32Array {
    const before = this.slot?.tokens ?? new Uint32Array();
    const all = new Uint32Array(before.length + 1);
    all.set(before);
    all.set(this.last, before.length);
    return all;
  }

  /** Takes the slot, whose cache already holds `cachedTokens` of the prompt. */
  start(slot: Slot): void {
    this.slot = slot;
    this.#startedAt = performance.now();
  }

  /** Notes a sampled token. @returns what the client gets to know of it */
  accept(token: number, meaning: TokenMeaning): StepOutput {
    if (this.#completionTokens++ === 0) this.#firstTokenAt = performance.now();
    this.last[0] = token;
    if (meaning.isEnd(token)) return this.#end("stop", this.#text.end(), 1);
    const text = this.#text.push(meaning.bytes(token));
    if (this.#text.stopped) return this.#end("stop", text, 1);
    if (this.#completionTokens < this.limit) return { id: this.id, text, tokens: 1 };
    const rest = this.#text.end();
    return this.#end(this.#text.stopped ? "stop" : "length", text + rest, 1);
  }

  /** The end of a run that was asked for no tokens at all. */
  endEmpty(): StepOutput {
    return this.#end("length", "", 0);
  }

  #end(finishReason: "stop" | "length", text: string, tokens: number): StepOutput {
    const now = performance.now();
    const first = this.#firstTokenAt || now;
    this.over = true;
    return {
      id: this.id,
      text,
      tokens,
      end: {
        finishReason,
        cachedTokens: this.cachedTokens,
        completionTokens: this.#completionTokens,
        queueMs: this.#startedAt - this.#queuedAt,
        prefillMs: first - this.#startedAt,
        decodeMs: now - first,
      },
    };
  }
}
