import type { Checkpoint } from "./binding.ts";

/** What checkpoints need of the context. */
export interface CheckpointSource {
  checkpoint(sequence: number): Promise<Checkpoint>;
  restore(sequence: number, checkpoint: Checkpoint): Promise<boolean>;
}

/** Tokens of prompt between two checkpoints, at least. */
const INTERVAL = 512;

/**
 * Saved states of one sequence, in order. Sliding-window, recurrent and hybrid models can not cut their state
 * at any position; they go back to the last checkpoint before it.
 */
export class Checkpoints {
  readonly #sequence: number;
  readonly #source: CheckpointSource;
  /** Bytes all of them may take. */
  readonly #budget: number;
  #saved: Checkpoint[] = [];

  constructor(sequence: number, source: CheckpointSource, budget: number) {
    this.#sequence = sequence;
    this.#source = source;
    this.#budget = budget;
  }

  /** Whether a checkpoint at `length` tokens is worth its memory in the middle of a prompt. */
  isDue(length: number): boolean {
    return length - this.#lastLength() >= INTERVAL;
  }

  /** Saves the state, which holds `length` tokens; drops the oldest ones beyond the budget. */
  async take(length: number): Promise<void> {
    if (length === 0 || length <= this.#lastLength()) return;
    this.#saved.push(await this.#source.checkpoint(this.#sequence));
    let size = this.#saved.reduce((sum, saved) => sum + saved.size, 0);
    while (size > this.#budget && this.#saved.length > 0) {
      const oldest = this.#saved.shift()!;
      size -= oldest.size;
      oldest.dispose();
    }
  }

  /**
   * Goes back to the last checkpoint of at most `length` tokens.
   * @returns the tokens it holds; 0 when there is none, and the sequence must be cleared
   */
  async restore(length: number): Promise<number> {
    const checkpoint = this.#saved.findLast(({ maxPos }) => maxPos < length);
    if (!checkpoint || !(await this.#source.restore(this.#sequence, checkpoint))) return 0;
    return checkpoint.maxPos + 1;
  }

  /** Drops what lies beyond `length` tokens: the state no longer goes there. */
  dropAfter(length: number): void {
    while ((this.#saved.at(-1)?.maxPos ?? -1) >= length) this.#saved.pop()!.dispose();
  }

  #lastLength(): number {
    return (this.#saved.at(-1)?.maxPos ?? -1) + 1;
  }
}
