import type { Sampler } from "../../src/engine/worker/binding.ts";
import type { StepContext } from "../../src/engine/worker/step-loop.ts";

/** One part of a batch. */
export interface BatchPart {
  sequence: number;
  position: number;
  tokens: number[];
  logits: boolean;
}

/**
 * A context without llama.cpp: it notes every batch, checks that positions follow each other, and samples the
 * position itself as the next token. Its faults are those of the real one, at will.
 */
export class FakeContext implements StepContext {
  readonly batchSize: number;
  /** What every decode held, failed ones included. */
  readonly batches: BatchPart[][] = [];
  /** Threads of every decode. */
  readonly threads: number[] = [];
  /** Sequences that were cleared, in order. */
  readonly cleared: number[] = [];
  /** Thrown while adding a part, decoding a batch, sampling, creating a sampler, clearing. */
  faults: {
    add?: (part: BatchPart) => void;
    decode?: (batch: BatchPart[]) => void;
    sample?: (sequence: number) => void;
    sampler?: () => void;
    clear?: (sequence: number) => void;
  } = {};
  /** Awaited inside every decode. */
  pace: () => Promise<unknown> = () => Promise.resolve();
  readonly #lengths = new Map<number, number>();
  #batch: BatchPart[] = [];
  /** What can be sampled after the decode. */
  #logits: { sequence: number; next: number }[] = [];
  #size = 0;
  liveSamplers = 0;

  constructor(batchSize = 64) {
    this.batchSize = batchSize;
  }

  begin(size: number): void {
    if (size < 1 || size > this.batchSize) throw new RangeError("Invalid batch size");
    this.#batch = [];
    this.#logits = [];
    this.#size = size;
  }

  add(sequence: number, position: number, tokens: Uint32Array, logits: boolean): number {
    this.#take(sequence, position, tokens, logits);
    return logits ? this.#logits.push({ sequence, next: position + tokens.length }) - 1 : -1;
  }

  addAll(sequence: number, position: number, tokens: Uint32Array): number[] {
    this.#take(sequence, position, tokens, true);
    return Array.from(tokens, (_, at) => this.#logits.push({ sequence, next: position + at + 1 }) - 1);
  }

  #take(sequence: number, position: number, tokens: Uint32Array, logits: boolean): void {
    const part = { sequence, position, tokens: [...tokens], logits };
    this.faults.add?.(part);
    const used = this.#batch.reduce((sum, other) => sum + other.tokens.length, 0);
    if (used + tokens.length > this.#size) throw new RangeError("Tokens exceed the initialized batch size");
    this.#batch.push(part);
  }

  async decode(threads: number): Promise<void> {
    const batch = this.#batch;
    this.batches.push(batch);
    this.threads.push(threads);
    await this.pace();
    this.faults.decode?.(batch);
    for (const { sequence, position, tokens } of batch) {
      const length = this.#lengths.get(sequence) ?? 0;
      if (position !== length)
        throw new Error(`sequence ${sequence} goes on at ${length}, not at ${position}`);
      this.#lengths.set(sequence, length + tokens.length);
    }
  }

  async sample(logits: number): Promise<number> {
    const { sequence, next } = this.#logits[logits]!;
    this.faults.sample?.(sequence);
    return next;
  }

  createSampler(): Sampler {
    this.faults.sampler?.();
    this.liveSamplers++;
    return { dispose: () => this.liveSamplers-- };
  }

  clear(sequence: number): void {
    this.faults.clear?.(sequence);
    this.cleared.push(sequence);
    this.#lengths.set(sequence, 0);
  }

  removeFrom(sequence: number, position: number): boolean {
    this.#lengths.set(sequence, Math.min(position, this.#lengths.get(sequence) ?? 0));
    return true;
  }

  firstPosition(sequence: number): number {
    return (this.#lengths.get(sequence) ?? 0) > 0 ? 0 : -1;
  }

  /** `sequence:tokens` of every part of every batch, sorted by sequence. */
  get shapes(): string[] {
    return this.batches.map((batch) =>
      batch
        .toSorted((a, b) => a.sequence - b.sequence)
        .map(({ sequence, tokens }) => `${sequence}:${tokens.length}`)
        .join(" "),
    );
  }
}
