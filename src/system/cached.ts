/** A value that is slow to get and may be a little old. */
export class Cached<T> {
  readonly #get: () => Promise<T>;
  readonly #maxAgeMs: number;
  readonly #patienceMs: number;
  #value: T;
  #since = -Infinity;
  #pending: Promise<T> | null = null;

  /**
   * @param initial the value while none was had yet
   * @param maxAgeMs after this the value is asked for again
   * @param patienceMs how long `read` waits for a new value before it makes do with the old one
   */
  constructor(
    get: () => Promise<T>,
    { initial, maxAgeMs, patienceMs }: { initial: T; maxAgeMs: number; patienceMs: number },
  ) {
    this.#get = get;
    this.#value = initial;
    this.#maxAgeMs = maxAgeMs;
    this.#patienceMs = patienceMs;
  }

  /** Never rejects and never takes longer than the patience given; a failure keeps the old value. */
  async read(patienceMs = this.#patienceMs): Promise<T> {
    if (performance.now() - this.#since < this.#maxAgeMs) return this.#value;
    this.#pending ??= this.#refresh();
    if (patienceMs <= 0) return this.#value;
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, patienceMs);
    await Promise.race([this.#pending, patience.promise]);
    clearTimeout(timer);
    return this.#value;
  }

  async #refresh(): Promise<T> {
    try {
      this.#value = await this.#get();
    } catch {
      // The old value stays; the next one is asked for when this one would have been too old.
    }
    this.#since = performance.now();
    this.#pending = null;
    return this.#value;
  }
}
