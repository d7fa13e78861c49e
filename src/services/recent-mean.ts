const WINDOW_MS = 5000;

/** The mean of what was measured within the last seconds. */
export class RecentMean {
  readonly #now: () => number;
  readonly #windowMs: number;
  #values: { at: number; value: number }[] = [];

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number = () => performance.now(), windowMs = WINDOW_MS) {
    this.#now = now;
    this.#windowMs = windowMs;
  }

  add(value: number): void {
    this.#forget();
    this.#values.push({ at: this.#now(), value });
  }

  /** `null` when nothing was measured of late. */
  mean(): number | null {
    this.#forget();
    if (this.#values.length === 0) return null;
    return this.#values.reduce((sum, { value }) => sum + value, 0) / this.#values.length;
  }

  #forget(): void {
    const since = this.#now() - this.#windowMs;
    this.#values = this.#values.filter(({ at }) => at > since);
  }
}
