import type { Generation } from "./engine.ts";
import { PieceQueue } from "./piece-queue.ts";
import type { StepOutput } from "./protocol.ts";

interface CallOptions {
  /** Of the client; its abort ends the call in every phase. */
  signal: AbortSignal;
  /** Called once when the call is over; `left` when the engine does not know that yet. */
  onOver(left: boolean): void;
}

/** One generation under way in an engine process, seen from the server. */
export class GenerateCall {
  readonly #options: CallOptions;
  readonly #admitted = Promise.withResolvers<Generation>();
  readonly #pieces = new PieceQueue(() => this.#finish(true));
  #over = false;

  constructor(options: CallOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", this.#abort, { once: true });
  }

  /** Resolves when the engine took the request, rejects when it did not. */
  get admitted(): Promise<Generation> {
    return this.#admitted.promise;
  }

  /** The prompt fits, and a slot or a place in the queue is taken. */
  admit(promptTokens: number): void {
    this.#admitted.resolve({ promptTokens, pieces: this.#pieces });
  }

  /** What a step brought to this request. */
  receive({ text, tokens, end }: StepOutput): void {
    if (text !== "" || tokens > 0) this.#pieces.push({ text, tokens });
    if (!end) return;
    const { finishReason, cachedTokens, completionTokens, queueMs, prefillMs, decodeMs } = end;
    this.#pieces.end({
      finishReason,
      cachedTokens,
      completionTokens,
      timings: { queueMs, prefillMs, decodeMs },
    });
    this.#finish(false);
  }

  /** The engine gave the request up, or is gone itself. */
  fail(error: Error): void {
    this.#admitted.reject(error);
    this.#pieces.fail(error);
    this.#finish(false);
  }

  readonly #abort = (): void => {
    const reason = this.#options.signal.reason as Error;
    this.#admitted.reject(reason);
    this.#pieces.abort(reason);
    this.#finish(true);
  };

  #finish(left: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.signal.removeEventListener("abort", this.#abort);
    this.#options.onOver(left);
  }
}
