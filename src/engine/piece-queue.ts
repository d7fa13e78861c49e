import type { GenerationEnd, Piece } from "./engine.ts";

type Step = IteratorResult<Piece, GenerationEnd>;

/**
 * The pieces of one answer between the process that makes them and whoever reads them. It holds at
 * most the tokens the request may generate. Written by hand because a generator function that was
 * never started takes no notice of `return()`, and the slot of a request that nobody reads has to be freed.
 */
export class PieceQueue implements AsyncGenerator<Piece, GenerationEnd> {
  readonly #onLeave: () => void;
  readonly #pieces: Piece[] = [];
  readonly #readers: PromiseWithResolvers<Step>[] = [];
  #outcome: { end: GenerationEnd } | { error: Error } | "told" | null = null;

  /** @param onLeave called when the reader leaves before the end */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  push(piece: Piece): void {
    if (this.#outcome) return;
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ done: false, value: piece });
    else this.#pieces.push(piece);
  }

  /** What was pushed is still read, then the end. */
  end(end: GenerationEnd): void {
    this.#settle({ end });
  }

  /** What was pushed is still read, then the error thrown. */
  fail(error: Error): void {
    this.#settle({ error });
  }

  /** What was pushed is dropped, and the error thrown at once. */
  abort(error: Error): void {
    if (this.#outcome === "told") return;
    this.#pieces.length = 0;
    this.#outcome = null;
    this.#settle({ error });
  }

  async next(): Promise<Step> {
    const piece = this.#pieces.shift();
    if (piece) return { done: false, value: piece };
    if (this.#outcome) return this.#tell();
    const reader = Promise.withResolvers<Step>();
    this.#readers.push(reader);
    return reader.promise;
  }

  async return(value?: GenerationEnd | PromiseLike<GenerationEnd>): Promise<Step> {
    this.#leave();
    return { done: true, value: (await value) as GenerationEnd };
  }

  async throw(error: unknown): Promise<Step> {
    this.#leave();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
  }

  #settle(outcome: { end: GenerationEnd } | { error: Error }): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    const [first, ...others] = this.#readers.splice(0);
    if (!first) return;
    this.#tell().then(first.resolve, first.reject);
    for (const reader of others) reader.resolve(OVER);
  }

  /** The outcome is told once; after that there is nothing, as with any generator. */
  async #tell(): Promise<Step> {
    const outcome = this.#outcome;
    this.#outcome = "told";
    if (outcome === null || outcome === "told") return OVER;
    if ("error" in outcome) throw outcome.error;
    return { done: true, value: outcome.end };
  }

  #leave(): void {
    const open = this.#outcome === null;
    this.#pieces.length = 0;
    this.#outcome = "told";
    for (const reader of this.#readers.splice(0)) reader.resolve(OVER);
    if (open) this.#onLeave();
  }
}

const OVER: Step = { done: true, value: undefined as unknown as GenerationEnd };
