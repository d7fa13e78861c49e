/** Counts who uses something that is to end, and tells when it may. */
export class Drain {
  readonly #done = Promise.withResolvers<"drained">();
  #users = 0;
  #deadline = Infinity;
  #timer: Timer | undefined;

  /** How many use it now. */
  get users(): number {
    return this.#users;
  }

  /** Resolves once `within` was called and no user is left, or the time is over. */
  get done(): Promise<"drained"> {
    return this.#done.promise;
  }

  /** @returns a function that ends this use; further calls do nothing */
  enter(): () => void {
    this.#users++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#users--;
      this.#settle();
    };
  }

  /** Users have at most `ms` more milliseconds; a later call may shorten that, not prolong it. */
  within(ms: number): void {
    const deadline = performance.now() + ms;
    if (deadline < this.#deadline) {
      this.#deadline = deadline;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#done.resolve("drained"), ms);
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#users > 0 || this.#deadline === Infinity) return;
    clearTimeout(this.#timer);
    this.#done.resolve("drained");
  }
}
