/** Lets a number of callers through at a time, in the order they came. */
export class Turnstile {
  #free: number;
  readonly #waiting: PromiseWithResolvers<void>[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Runs `work` when there is a place.
   * @throws `signal.reason` when aborted while it waits, and whatever `work` throws
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn);
    const abort = () => {
      const place = this.#waiting.indexOf(turn);
      // Whoever was let through already leaves by the way of `run`.
      if (place < 0) return;
      this.#waiting.splice(place, 1);
      turn.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next.resolve();
    else this.#free++;
  }
}
