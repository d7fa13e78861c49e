import { setTimeout as sleep } from "node:timers/promises";
import type { HttpFailure } from "./http.ts";

const LONGEST_MS = 30_000;
/** A server that asks for more is taken to mean it, up to this. */
const LONGEST_WISH_MS = 15 * 60_000;
/** Without a single byte in between; with the usual delays, more than two minutes. */
const MOST_ROUNDS = 10;

/** How long one download waits after a failure: longer each time, and as long as the server asks. */
export class BackOff {
  readonly #firstMs: number;
  /** Counts the waits. Parts that fail together fail once. */
  #round = 0;
  #failures = 0;
  /** Until then nothing is asked of the server, whichever part it was that failed. */
  #quietUntil = 0;

  /** @param firstMs before the first new attempt; doubles with each */
  constructor(firstMs: number) {
    this.#firstMs = firstMs;
  }

  /** Bytes arrive: what failed before does not count any more. */
  succeeded(): void {
    this.#failures = 0;
  }

  /**
   * @param round what `wait` gave the attempt that failed
   * @returns how long it will wait, in milliseconds; `null` when there is no sense in another attempt
   */
  failed({ isPassing, waitMs }: HttpFailure, round: number): number | null {
    if (!isPassing) return null;
    if (round === this.#round) {
      this.#round++;
      if (++this.#failures > MOST_ROUNDS) return null;
    }
    const usual = Math.min(LONGEST_MS, this.#firstMs * 2 ** Math.max(0, this.#failures - 1));
    const delay = waitMs === null ? usual * (0.75 + Math.random() / 2) : Math.min(waitMs, LONGEST_WISH_MS);
    this.#quietUntil = Math.max(this.#quietUntil, performance.now() + delay);
    return delay;
  }

  /**
   * Resolves when a request may be sent; rejects when `signal` aborts.
   * @returns the round of the attempt that begins
   */
  async wait(signal: AbortSignal): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      const left = this.#quietUntil - performance.now();
      if (left <= 0) return this.#round;
      await sleep(left, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
