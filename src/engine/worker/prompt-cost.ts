/** How much of what older steps told is kept with each new one. */
const MEMORY = 0.75;
/** Sizes of steps must differ by this share of their mean, or they do not tell the two parts of the cost apart. */
const TELLING = 0.15;
/** Share of a step that is put down to the fixed part at most: chance may make a small step slower than a large one. */
const MOST = 0.95;
/** Milliseconds a token takes at least. */
const SHORTEST = 0.001;
/** How far a new measurement moves the costs: quickly when steps get slower, with patience when faster. */
const SLOWER = 0.5;
const FASTER = 0.25;

/**
 * What steps with prompt tokens take, in milliseconds, learnt from every one of them: a part that is the same however
 * few the tokens are, such as reading all weights or waiting for threads that the machine keeps busy with something
 * else, and a part for each token. Were all of it put down to the tokens, smaller and smaller steps would be tried
 * where the first part alone is too long, down to one token at a time.
 */
export class PromptCost {
  #fixedMs = 0;
  #perTokenMs: number;
  #known = false;
  /** Weighted sums over the steps: their number, tokens, milliseconds, and products of these. */
  #sums = { one: 0, x: 0, y: 0, xx: 0, xy: 0 };

  /** @param guessMs per token */
  constructor(guessMs: number) {
    this.#perTokenMs = guessMs;
  }

  /** Whether anything was measured. */
  get known(): boolean {
    return this.#known;
  }

  get fixedMs(): number {
    return this.#fixedMs;
  }

  get perTokenMs(): number {
    return this.#perTokenMs;
  }

  /**
   * Learns from a step of `tokens` that took `ms`.
   * @param leastMs what it would have taken without them, as far as is known
   */
  record(tokens: number, ms: number, leastMs: number): void {
    this.#remember(tokens, ms);
    if (!this.#known) {
      this.#fixedMs = Math.min(leastMs, ms * MOST);
      this.#perTokenMs = Math.max(SHORTEST, (ms - this.#fixedMs) / tokens);
      this.#known = true;
      return;
    }
    // Whatever made this step slower or faster than expected did so to both parts of it …
    const expected = this.#fixedMs + tokens * this.#perTokenMs;
    const change = eased(expected, ms) / expected;
    this.#fixedMs *= change;
    this.#perTokenMs *= change;
    // … until steps of another size tell more.
    this.#separate();
    this.#perTokenMs = Math.max(SHORTEST, this.#perTokenMs);
  }

  #remember(tokens: number, ms: number): void {
    const { one, x, y, xx, xy } = this.#sums;
    this.#sums = {
      one: one * MEMORY + 1,
      x: x * MEMORY + tokens,
      y: y * MEMORY + ms,
      xx: xx * MEMORY + tokens * tokens,
      xy: xy * MEMORY + tokens * ms,
    };
  }

  /** Draws a line through the steps, unless they are too much alike. */
  #separate(): void {
    const { one, x, y, xx, xy } = this.#sums;
    const [meanX, meanY] = [x / one, y / one];
    const variance = xx / one - meanX * meanX;
    if (variance < (TELLING * meanX) ** 2) return;
    const slope = (xy / one - meanX * meanY) / variance;
    this.#perTokenMs = Math.min(Math.max(slope, (meanY * (1 - MOST)) / meanX), meanY / meanX);
    this.#fixedMs = meanY - this.#perTokenMs * meanX;
  }
}

/** Moves `before` towards `now`. */
export const eased = (before: number, now: number) =>
  before + (now - before) * (now > before ? SLOWER : FASTER);
