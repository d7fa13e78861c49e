/**
 * Lets one after the other through, in the order they came. Models load like that: each load measures the memory
 * that is free, and two at once would both count the same bytes.
 */
export class LoadQueue {
  #last: Promise<void> = Promise.resolve();

  /**
   * Runs `load` when all earlier ones are done.
   * @throws `signal.reason` when aborted while it waits, and whatever `load` throws
   */
  async run<T>(signal: AbortSignal, load: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const turn = Promise.withResolvers<void>();
    // The turn of the next one starts when this one is over, and never before this one's own turn.
    this.#last = before.then(() => turn.promise);
    try {
      await abortable(before, signal);
      return await load();
    } finally {
      turn.resolve();
    }
  }
}

/** Waits for `promise`, but not beyond the abort of `signal`. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
