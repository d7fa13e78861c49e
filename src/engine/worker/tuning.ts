/** Every count is measured this often, in turn with the others: a machine that drifts slows all of them alike. */
const ROUNDS = 5;
/** … or only this often, when measuring already took `ENOUGH_MS`. */
const FEWEST_ROUNDS = 3;
const ENOUGH_MS = 3000;
/** Decodes of one measurement, unless they already took `BLOCK_MS`. */
const BLOCK = 8;
const BLOCK_MS = 80;
/** This much slower than the best one so far, measured twice, and the counts beyond are not tried. */
const HOPELESS = 1.5;
/** Within this of the best time, fewer threads are better: they leave CPU to others, and noise is no reason. */
const CLOSE = 1.05;

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
  /** In ascending order; those that turn out hopeless leave. */
  #counts: number[];
  /** What the round under way still has to measure. */
  #open: number[];
  #round = 0;
  #spentMs = 0;
  /** By thread count: the mean decode of every round. */
  readonly #blocks = new Map<number, number[]>();

  constructor(threads: number) {
    this.#counts = candidates(threads).toReversed();
    this.#open = this.#counts.toReversed();
  }

  /**
   * @param tryDecode measures one decode in milliseconds; `null` when requests go first
   * @returns the best count, or `null` when interrupted
   */
  async run(tryDecode: (threads: number) => Promise<number | null>): Promise<number | null> {
    while (!this.#done) {
      const threads = this.#open[0];
      if (threads === undefined) {
        this.#nextRound();
        continue;
      }
      const ms = await this.#measure(threads, tryDecode);
      if (ms === null) return null;
      const hopeless = await this.#hopeless(threads, ms, tryDecode);
      if (hopeless === null) return null;
      if (hopeless) {
        this.#counts = this.#counts.filter((count) => count > threads);
        this.#open = [];
        continue;
      }
      this.#open.shift();
      this.#blocks.set(threads, [...(this.#blocks.get(threads) ?? []), ms]);
    }
    return this.#best();
  }

  /** Milliseconds of a decode by thread count: the median of the rounds so far. */
  get times(): ReadonlyMap<number, number> {
    return new Map(Array.from(this.#blocks, ([threads, blocks]) => [threads, median(blocks)]));
  }

  get #done(): boolean {
    if (this.#counts.length === 1 && this.#open.length === 0) return true;
    return this.#round >= (this.#spentMs < ENOUGH_MS ? ROUNDS : FEWEST_ROUNDS);
  }

  /** The other way round each time, so that no count always follows the same one. */
  #nextRound(): void {
    this.#round++;
    this.#open = this.#round % 2 === 0 ? this.#counts.toReversed() : [...this.#counts];
  }

  /**
   * Only the first round, which goes from most threads to fewest, rules counts out; and only when the fastest one,
   * measured again now, is not as slow: one slow moment of the machine must not decide.
   */
  async #hopeless(
    threads: number,
    ms: number,
    tryDecode: (threads: number) => Promise<number | null>,
  ): Promise<boolean | null> {
    const [best] = [...this.times].toSorted(([, a], [, b]) => a - b);
    if (this.#round > 0 || !best || ms <= HOPELESS * best[1]) return false;
    const now = await this.#measure(best[0], tryDecode);
    const again = now === null ? null : await this.#measure(threads, tryDecode);
    return now === null || again === null ? null : again > HOPELESS * now;
  }

  /** @returns the mean of a few decodes, or `null` when interrupted */
  async #measure(
    threads: number,
    tryDecode: (threads: number) => Promise<number | null>,
  ): Promise<number | null> {
    // The first one wakes caches and threads up.
    const warmUp = await tryDecode(threads);
    if (warmUp === null) return null;
    this.#spentMs += warmUp;
    let total = 0;
    let count = 0;
    while (count === 0 || (count < BLOCK && total < BLOCK_MS)) {
      const ms = await tryDecode(threads);
      if (ms === null) return null;
      this.#spentMs += ms;
      total += ms;
      count++;
    }
    return total / count;
  }

  /**
   * Compares within rounds, whose median a disturbed round does not move. Each round gives a mean, though: what
   * hurts are the decodes that wait for a thread the kernel parked, and a median of decodes would not see them.
   */
  #best(): number {
    const rounds = Math.min(...this.#counts.map((count) => this.#blocks.get(count)?.length ?? 0));
    const shares = this.#counts.map((count) => {
      const ratios = Array.from({ length: rounds }, (_, round) => this.#at(count, round) / this.#sum(round));
      return { count, share: median(ratios) };
    });
    const smallest = Math.min(...shares.map(({ share }) => share));
    return Math.min(...shares.filter(({ share }) => share <= smallest * CLOSE).map(({ count }) => count));
  }

  #at(count: number, round: number): number {
    return this.#blocks.get(count)?.[round] ?? Number.NaN;
  }

  #sum(round: number): number {
    return this.#counts.reduce((sum, count) => sum + this.#at(count, round), 0);
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
