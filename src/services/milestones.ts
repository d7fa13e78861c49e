import type { ModelInfo } from "../engine/engine.ts";

/** What others wait for in the life of a deployment. Who does not wait learns of a failure from its state. */
export class Milestones {
  readonly #started = watched<void>();
  #ready = watched<ModelInfo>();
  #isSettled = false;

  /** Resolves when the engine has begun to load on the device asked for; rejects with why it will not. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Resolves when the model is ready, the next time where it is loaded again; rejects with why it will not be. */
  get ready(): Promise<ModelInfo> {
    return this.#ready.promise;
  }

  loads(): void {
    this.#started.resolve();
  }

  isReady(info: ModelInfo): void {
    this.loads();
    this.#ready.resolve(info);
    this.#isSettled = true;
  }

  /** It is to be loaded again. */
  isGone(): void {
    if (this.#isSettled) this.#ready = watched();
    this.#isSettled = false;
  }

  fails(reason: unknown): void {
    this.#started.reject(reason);
    this.#ready.reject(reason);
    this.#isSettled = true;
  }
}

/** One whose rejection may go unnoticed. */
function watched<T>(): PromiseWithResolvers<T> {
  const made = Promise.withResolvers<T>();
  made.promise.catch(() => {});
  return made;
}
