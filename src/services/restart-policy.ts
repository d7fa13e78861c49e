export interface RestartLimits {
  /** Restarts of a crashed engine … */
  restarts: number;
  /** … within this time, in milliseconds, before it is given up. */
  restartWindowMs: number;
}

const LONGEST_DELAY_MS = 30_000;

/** Decides whether and when a crashed engine is started again: ever later, and not for ever. */
export class RestartPolicy {
  readonly #limits: RestartLimits;
  readonly #firstDelayMs: number;
  /** When the restarts within the window were decided. */
  #recent: number[] = [];
  #count = 0;

  constructor(limits: RestartLimits, firstDelayMs: number) {
    this.#limits = limits;
    this.#firstDelayMs = firstDelayMs;
  }

  /** Restarts decided so far, however long ago. */
  get count(): number {
    return this.#count;
  }

  /**
   * The engine died at `now` (milliseconds on any clock that does not go back).
   * @returns how long to wait before the next start, or `null` to give up
   */
  next(now: number): number | null {
    this.#recent = this.#recent.filter((time) => now - time < this.#limits.restartWindowMs);
    if (this.#recent.length >= this.#limits.restarts) return null;
    const delay = Math.min(this.#firstDelayMs * 2 ** this.#recent.length, LONGEST_DELAY_MS);
    this.#recent.push(now);
    this.#count++;
    return delay;
  }
}
