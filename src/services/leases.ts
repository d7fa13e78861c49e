import type { LoadedModel } from "../engine/engine.ts";
import { Drain } from "./drain.ts";
import { IdleTimer } from "./idle-timer.ts";
import type { RequestDefaults } from "./request-defaults.ts";

/** A model in use; it is not unloaded before `release()`, unless the drain time is over. */
export interface Lease {
  /** The name to echo in answers. */
  readonly name: string;
  readonly model: LoadedModel;
  /** What the deployment adds to requests that do not say otherwise. */
  readonly defaults: RequestDefaults;
  /**
   * Must be called when the request is over, in a `finally`; once counts.
   * @param keepMs how long the model is to be kept in memory if it lies idle now, in milliseconds;
   * `null` is for ever, nothing is as it was deployed
   */
  release(keepMs?: number | null): void;
}

/** Who uses a deployment's model, and when nobody has done so for too long. */
export class Leases {
  #about: Pick<Lease, "name" | "defaults">;
  readonly #idle: IdleTimer;
  readonly #drain = new Drain();
  #lastUsed: number | null = null;
  #idleSince = performance.now();

  /**
   * @param about what every lease says of the deployment
   * @param ttlMs how long the model may lie idle, in milliseconds; `null` is for ever
   * @param onIdle called when that time is over
   */
  constructor(about: Pick<Lease, "name" | "defaults">, ttlMs: number | null, onIdle: () => void) {
    this.#about = about;
    this.#idle = new IdleTimer(ttlMs, onIdle);
  }

  /** How many use the model now. */
  get users(): number {
    return this.#drain.users;
  }

  /** Unix time in milliseconds; `null` before the first use. */
  get lastUsed(): number | null {
    return this.#lastUsed;
  }

  /** When its last user left, else when it was deployed; milliseconds on a clock that never goes back. */
  get idleSince(): number {
    return this.#idleSince;
  }

  /** Resolves once `end` was called and no user is left, or the time is over. */
  get ended(): Promise<"drained"> {
    return this.#drain.done;
  }

  /** Lends the model. */
  lend(model: LoadedModel): Lease {
    this.#lastUsed = Date.now();
    this.#idle.stop();
    const leave = this.#drain.enter();
    let held = true;
    return {
      ...this.#about,
      model,
      release: (keepMs) => {
        if (!held) return;
        held = false;
        this.#lastUsed = Date.now();
        this.#idleSince = performance.now();
        leave();
        if (this.users === 0) this.#idle.start(keepMs);
      },
    };
  }

  /** Other terms hold for those who come from now on; see the constructor. */
  setTerms(about: Pick<Lease, "name" | "defaults">, ttlMs: number | null): void {
    this.#about = about;
    this.#idle.setTtl(ttlMs);
  }

  /** The model is in memory, and nobody has used it yet. */
  onReady(): void {
    this.#idle.start(undefined);
  }

  /** The model is in memory no more. */
  onGone(): void {
    this.#idle.stop();
  }

  /** Users have at most `ms` more milliseconds; a later call may shorten that, not prolong it. */
  end(ms: number): void {
    this.#drain.within(ms);
  }
}
