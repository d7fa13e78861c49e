import { quantise, type Quantisation } from "../../src/formats/gguf/quantise.ts";
import { tensorType } from "../../src/formats/gguf/tensor-type.ts";

/** Weights per block of every type this project writes, so that a block can be cut out of any of them. */
const BLOCK = 32;

/** A prime, so that rows of any even length begin at every block once before they repeat. */
const MOST_BLOCKS = 131_071;

/**
 * Random weights as fast as a disk takes them: a few million are drawn and quantised, then repeated.
 * Models smaller than the pool (4 million weights) repeat nothing.
 */
export class WeightPool {
  readonly #weights: Float32Array;
  readonly #quantisation: Quantisation;
  readonly #stored = new Map<number, Uint8Array>();
  /** The next block to hand out. */
  #next = 0;

  constructor(random: () => number, weights: number, quantisation: Quantisation) {
    const blocks = Math.min(MOST_BLOCKS, Math.ceil(weights / BLOCK));
    // Uniform, with a standard deviation of one.
    this.#weights = Float32Array.from({ length: blocks * BLOCK }, () => (random() * 2 - 1) * Math.sqrt(3));
    this.#quantisation = quantisation;
  }

  /** The stored bytes of `count` weights with a standard deviation of `spread`; `count` is a multiple of 32. */
  *take(count: number, spread: number): Generator<Uint8Array> {
    if (count % BLOCK !== 0) throw new RangeError(`${count} weights are no whole number of blocks`);
    const stored = this.#scaled(spread);
    const { bytes, elements } = tensorType(this.#quantisation);
    const blockBytes = (bytes * BLOCK) / elements;
    const blocks = this.#weights.length / BLOCK;
    for (let left = count / BLOCK; left > 0;) {
      const run = Math.min(left, blocks - this.#next);
      yield stored.subarray(this.#next * blockBytes, (this.#next + run) * blockBytes);
      this.#next = (this.#next + run) % blocks;
      left -= run;
    }
  }

  #scaled(spread: number): Uint8Array {
    const known = this.#stored.get(spread);
    if (known) return known;
    const stored = quantise(
      this.#weights.map((weight) => weight * spread),
      this.#quantisation,
    );
    this.#stored.set(spread, stored);
    return stored;
  }
}
