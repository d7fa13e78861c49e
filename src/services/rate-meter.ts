const WINDOW_S = 3;

/** Counts events per second, over the last full seconds. */
export class RateMeter {
  readonly #now: () => number;
  /** Second → count; only the seconds that still matter. */
  readonly #seconds = new Map<number, number>();

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(count: number): void {
    const second = this.#second();
    for (const old of this.#seconds.keys()) if (old < second - WINDOW_S) this.#seconds.delete(old);
    this.#seconds.set(second, (this.#seconds.get(second) ?? 0) + count);
  }

  /** Per second. The second under way is left out: it would pull the figure down. */
  rate(): number {
    const second = this.#second();
    let sum = 0;
    for (let ago = 1; ago <= WINDOW_S; ago++) sum += this.#seconds.get(second - ago) ?? 0;
    return Math.round((sum * 10) / WINDOW_S) / 10;
  }

  #second(): number {
    return Math.floor(this.#now() / 1000);
  }
}
