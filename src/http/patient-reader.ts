/** What a wait for the next item ends with. */
export type Outcome<T> =
  | { kind: "item"; step: IteratorResult<T, unknown> }
  | { kind: "failed"; error: unknown }
  | { kind: "late" }
  | { kind: "left" };

/**
 * Reads a generator with a limit on each wait. A wait that ran out loses nothing: the item it waited
 * for is what the next call returns. (`Promise.race` would do the same and leak a reaction per wait.)
 */
export class PatientReader<T> {
  readonly #items: AsyncGenerator<T>;
  /** Ends the wait that is under way, if one is. */
  #settle: ((outcome: Outcome<T>) => void) | null = null;
  /** Came when nobody waited. */
  #early: Outcome<T> | null = null;
  #reading = false;
  #left = false;

  constructor(items: AsyncGenerator<T>) {
    this.#items = items;
  }

  /** One call at a time. Resolves with `late` after `patienceMs`, never rejects. */
  next(patienceMs: number): Promise<Outcome<T>> {
    if (this.#left) return Promise.resolve({ kind: "left" });
    if (this.#early) {
      const outcome = this.#early;
      this.#early = null;
      return Promise.resolve(outcome);
    }
    const { promise, resolve } = Promise.withResolvers<Outcome<T>>();
    const timer = setTimeout(() => this.#settle?.({ kind: "late" }), patienceMs);
    this.#settle = (outcome) => {
      clearTimeout(timer);
      this.#settle = null;
      resolve(outcome);
    };
    if (!this.#reading) void this.#read();
    return promise;
  }

  /** Ends the wait and the generator; a generator that is inside an `await` ends when that does. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#settle?.({ kind: "left" });
    // Whoever left is not told how the generator took it.
    this.#items.return(undefined).catch(() => {});
  }

  async #read(): Promise<void> {
    this.#reading = true;
    const outcome = await this.#items.next().then(
      (step): Outcome<T> => ({ kind: "item", step }),
      (error: unknown): Outcome<T> => ({ kind: "failed", error }),
    );
    this.#reading = false;
    if (this.#settle) this.#settle(outcome);
    else this.#early = outcome;
  }
}
