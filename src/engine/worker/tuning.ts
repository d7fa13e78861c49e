/** Decodes measured per thread count, at most. */
const SAMPLES = 12;
/** … unless they already took this long, in milliseconds. */
const ENOUGH_MS = 400;
/** This much slower than the best one so far, and the counts beyond are not tried. */
const HOPELESS = 1.5;
/** Within this of the best time, fewer threads are better: they leave CPU to others. */
const CLOSE = 1.03;

/** Thread counts worth measuring, most first: all, then three quarters and a half of every power of two. */
export function candidates(threads: number): number[] {
  const counts = new Set([threads]);
  for (let power = 1; power < threads; power *= 2) {
    counts.add(power);
    if (power * 1.5 < threads && Number.isInteger(power * 1.5)) counts.add(power * 1.5);
  }
  return [...counts].toSorted((a, b) => b - a);
}

/** Before anything is measured: small models lose more to waking threads than they gain. */
export const defaultDecodeThreads = (threads: number, weightBytes: number) =>
  Math.max(1, Math.min(threads, Math.round(weightBytes / 2 ** 26)));

/**
 * Finds the number of threads that decodes fastest, by trying. Continues where it was interrupted, so that a
 * server with short quiet moments gets there too.
 */
export class Tuner {
  readonly #open: number[];
  readonly #means = new Map<number, number>();

  constructor(threads: number) {
    this.#open = candidates(threads);
  }

  /**
   * @param tryDecode measures one decode in milliseconds; `null` when requests go first
   * @returns the best count, or `null` when interrupted
   */
  async run(tryDecode: (threads: number) => Promise<number | null>): Promise<number | null> {
    while (this.#open.length > 0) {
      const threads = this.#open[0]!;
      const mean = await this.#measure(threads, tryDecode);
      if (mean === null) return null;
      this.#open.shift();
      this.#means.set(threads, mean);
      if (mean > HOPELESS * Math.min(...this.#means.values())) this.#open.length = 0;
    }
    return this.#best();
  }

  /** Mean milliseconds of a decode by thread count, as far as measured. */
  get means(): ReadonlyMap<number, number> {
    return this.#means;
  }

  async #measure(
    threads: number,
    tryDecode: (threads: number) => Promise<number | null>,
  ): Promise<number | null> {
    // The first one wakes caches and threads up.
    if ((await tryDecode(threads)) === null) return null;
    let total = 0;
    let count = 0;
    while (count < SAMPLES && (total < ENOUGH_MS || count < 3)) {
      const ms = await tryDecode(threads);
      if (ms === null) return null;
      total += ms;
      count++;
    }
    return total / count;
  }

  /** The mean, not the median: what hurts are the decodes that wait for a thread the kernel parked. */
  #best(): number {
    const fastest = Math.min(...this.#means.values());
    return Math.min(
      ...[...this.#means].filter(([, ms]) => ms <= fastest * CLOSE).map(([threads]) => threads),
    );
  }
}
