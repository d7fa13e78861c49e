import type { Config } from "../config/config.ts";
import { ApiError, type ModelField, queueFull, requestCancelled, stillRestoring } from "../errors.ts";
import type { Lease } from "./leases.ts";
import type { EventBus } from "./events.ts";
import type { ModelManager } from "./model-manager.ts";

type WaitLimits = Pick<Config, "loadOnRequest" | "loadWaitMs" | "queueLimit" | "parallel">;

/** Seconds, told to requests that wait for a load. */
const RETRY_AFTER = 10;

/**
 * Takes models for requests: one that is loading is waited for, one that lies on disk is loaded. Any number
 * of requests that name the same model share one load.
 */
export class OnDemandModels {
  readonly #manager: ModelManager;
  readonly #events: EventBus;
  readonly #config: WaitLimits;
  /** How many requests wait, by the name of the model. */
  readonly #waiting = new Map<string, number>();

  constructor(parts: { manager: ModelManager; events: EventBus; config: WaitLimits }) {
    this.#manager = parts.manager;
    this.#events = parts.events;
    this.#config = parts.config;
  }

  /**
   * Without a name the current model is taken; one that is only loading is then not waited for.
   * @param field of the request that names the model, for the errors
   * @throws ApiError as `ModelManager.acquire` does; `model_loading` (503) after the time a request waits;
   * `queue_full` (429) when as many wait as the model is to serve and queue;
   * `request_cancelled` or the reason when `signal` aborts
   */
  async acquire(name: string | undefined, signal: AbortSignal, field: ModelField = "model"): Promise<Lease> {
    try {
      return await this.#acquire(name, signal);
    } catch (error) {
      throw error instanceof ApiError ? error.namedBy(field) : error;
    }
  }

  async #acquire(name: string | undefined, signal: AbortSignal): Promise<Lease> {
    const deadline = performance.now() + this.#config.loadWaitMs;
    // What is deployed again after a restart is found by its aliases, and has its options.
    if (!this.#manager.has(name)) await this.#restored(deadline, signal);
    let wanted = name ?? this.#manager.resting();
    if (wanted === undefined || !this.#config.loadOnRequest) return this.#manager.acquire(name);
    let waits = false;
    using place = new DisposableStack();
    for (;;) {
      // Listened for before the attempt, so that no change is missed between the two.
      using change = new Change(this.#events, signal);
      let loading: ApiError;
      try {
        return this.#manager.acquire(wanted);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.code === "model_not_found") {
          wanted = await this.#manager.deployOnDemand(wanted);
          continue;
        }
        if (error.code !== "model_loading") throw error;
        loading = error;
      }
      if (!waits) place.defer(this.#takePlace(wanted));
      waits = true;
      const left = deadline - performance.now();
      if (left <= 0 || !(await change.within(left)))
        throw ApiError.fromWire({ ...loading.toWire(), retryAfter: RETRY_AFTER });
    }
  }

  /** @throws ApiError when it takes longer than a request waits, or the client left meanwhile */
  async #restored(deadline: number, signal: AbortSignal): Promise<void> {
    const { restoring } = this.#manager;
    if (!restoring) return;
    const over = Promise.withResolvers<never>();
    const late = () => over.reject(stillRestoring(RETRY_AFTER));
    const left = () => over.reject(reasonOf(signal));
    const timer = setTimeout(late, deadline - performance.now());
    signal.addEventListener("abort", left, { once: true });
    try {
      if (signal.aborted) left();
      await Promise.race([restoring, over.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", left);
    }
  }

  /** @returns what gives the place back @throws ApiError `queue_full` */
  #takePlace(name: string): () => void {
    const before = this.#waiting.get(name) ?? 0;
    const slots = this.#manager.slotsOf(name) ?? this.#config.parallel;
    if (before >= this.#config.queueLimit + slots) throw queueFull(before, RETRY_AFTER);
    this.#waiting.set(name, before + 1);
    return () => {
      const left = (this.#waiting.get(name) ?? 1) - 1;
      if (left > 0) this.#waiting.set(name, left);
      else this.#waiting.delete(name);
    };
  }
}

/** The next change of any deployment. */
class Change implements Disposable {
  readonly #happened = Promise.withResolvers<boolean>();
  readonly #leave: () => void;
  readonly #signal: AbortSignal;

  constructor(events: EventBus, signal: AbortSignal) {
    this.#signal = signal;
    const off = events.on((...[event]) => {
      if (event === "deployment") this.#happened.resolve(true);
    });
    const abort = () => this.#happened.resolve(false);
    signal.addEventListener("abort", abort, { once: true });
    this.#leave = () => {
      off();
      signal.removeEventListener("abort", abort);
    };
  }

  /** @returns whether it happened within `ms` milliseconds @throws ApiError when the client left meanwhile */
  async within(ms: number): Promise<boolean> {
    const timer = setTimeout(() => this.#happened.resolve(false), ms);
    try {
      const happened = await this.#happened.promise;
      if (this.#signal.aborted) throw reasonOf(this.#signal);
      return happened;
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.#leave();
  }
}

function reasonOf(signal: AbortSignal): ApiError {
  const reason: unknown = signal.reason;
  return reason instanceof ApiError ? reason : requestCancelled("The client closed the connection");
}
