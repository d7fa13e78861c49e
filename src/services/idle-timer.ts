/** Tells when something was not used for as long as it may lie idle. */
export class IdleTimer {
  readonly #onIdle: () => void;
  #ttlMs: number | null;
  #timer: Timer | undefined;

  /**
   * @param ttlMs how long it may lie idle, in milliseconds; `null` is for ever
   * @param onIdle called once each time that is over
   */
  constructor(ttlMs: number | null, onIdle: () => void) {
    this.#ttlMs = ttlMs;
    this.#onIdle = onIdle;
  }

  /** Another time holds from the next `start` on; see the constructor. */
  setTtl(ttlMs: number | null): void {
    this.#ttlMs = ttlMs;
  }

  /** It is in use, or gone. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Its last user left, and may have said how long it is to be kept: milliseconds, `null` for ever. */
  start(keepMs: number | null | undefined): void {
    this.stop();
    const ms = keepMs === undefined ? this.#ttlMs : keepMs;
    if (ms === null) return;
    // A timer takes at most 2^31 - 1 ms, and fires at once when given more.
    this.#timer = setTimeout(this.#onIdle, Math.min(ms, 2 ** 31 - 1));
    this.#timer.unref();
  }
}
