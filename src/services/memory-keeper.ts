import type { LoadSpec } from "../engine/engine.ts";
import { memoryBusy } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Deployment } from "./deployment.ts";
import { LoadQueue } from "./load-queue.ts";

/**
 * Whether a model fits into the memory that is free: as well as it ever could (`whole`), with less than the memory of
 * models that lie idle would give it (`reduced`), not at all without that (`none`), nor with it (`hopeless`).
 */
export type Verdict = "whole" | "reduced" | "none" | "hopeless";

export interface MemoryKeeperParts {
  /** Every deployment there is. */
  deployments: Iterable<Deployment>;
  /**
   * Judges a load before it happens; `null` when nobody can tell.
   * @param idle the names of those that lie idle
   */
  judge: (
    spec: Omit<LoadSpec, "memoryBudget" | "tuning">,
    idle: ReadonlySet<string>,
  ) => Promise<Verdict | null>;
  /** How long a model waits for the memory of those at work, in milliseconds. */
  waitMs: number;
  log: Log;
}

/** What a load came to, or those at work that it waits for. */
type Attempt<T> = { loaded: T } | { working: Deployment[] };

/** Between two looks at whether a model at work has become idle, or one that ends is gone. */
const LOOK_EVERY_MS = 25;

/**
 * Makes room for a model before it is loaded: of those that lie idle, the one that was used least
 * recently goes first. Models at work and pinned ones stay.
 */
export class MemoryKeeper {
  readonly #parts: MemoryKeeperParts;
  /** One load at a time: each measures what is free. */
  readonly #loads = new LoadQueue();
  /** Of those that wait for models at work, who hold up nobody whose model fits. */
  readonly #waiting = new LoadQueue();

  constructor(parts: MemoryKeeperParts) {
    this.#parts = parts;
  }

  /**
   * Runs `load` when `newcomer` fits as it was asked for, or when nothing more can be had for it.
   * @throws ApiError `memory_busy` when it fits only once models at work are done, and they are not in
   * time; `signal.reason` when aborted, and whatever `load` throws
   */
  async withRoom<T>(newcomer: Deployment, signal: AbortSignal, load: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#parts.waitMs;
    const attempt = () =>
      this.#loads.run(signal, async (): Promise<Attempt<T>> => {
        const working = await this.#makeRoom(newcomer, deadline, signal);
        return working.length > 0 ? { working } : { loaded: await load() };
      });
    const first = await attempt();
    if ("loaded" in first) return first.loaded;
    let { working } = first;
    const inTime = AbortSignal.timeout(Math.max(1, deadline - performance.now()));
    try {
      return await this.#waiting.run(AbortSignal.any([signal, inTime]), async () => {
        for (;;) {
          // It may also have crashed or been undeployed, which frees its memory as well.
          if (!(await changed(() => working.some(({ busy }) => !busy), deadline, signal)))
            throw memoryBusy(newcomer.name);
          const next = await attempt();
          if ("loaded" in next) return next.loaded;
          ({ working } = next);
        }
      });
    } catch (error) {
      throw error === inTime.reason ? memoryBusy(newcomer.name) : error;
    }
  }

  /** @returns those at work whose memory it has to wait for; none when it may load */
  async #makeRoom(newcomer: Deployment, deadline: number, signal: AbortSignal): Promise<Deployment[]> {
    const { judge, log } = this.#parts;
    for (;;) {
      // What is free is not known before.
      await changed(() => !this.#others(newcomer).some(({ leaving }) => leaving), deadline, signal);
      if (this.#others(newcomer).length === 0) return [];
      const idle = new Set(this.#idle(newcomer).map(({ name }) => name));
      // Who is done while the judge works may have what it found lacking.
      const working = this.#others(newcomer).filter(({ busy }) => busy);
      const verdict = await judge(newcomer.spec, idle);
      signal.throwIfAborted();
      if (verdict === null || verdict === "whole") return [];
      const victim = this.#leastRecentlyUsed(newcomer);
      // What is forced in takes what there is, and waits for nobody.
      if (victim && (verdict !== "hopeless" || newcomer.forced)) {
        log.info({ model: victim.name, for: newcomer.name }, "evicting an idle model");
        await victim.rest();
        continue;
      }
      return verdict === "reduced" || newcomer.forced ? [] : working;
    }
  }

  /** Those that have memory to give, now or later. */
  #others(newcomer: Deployment): Deployment[] {
    return Array.from(this.#parts.deployments).filter(
      (deployment) => deployment !== newcomer && (deployment.idle || deployment.busy || deployment.leaving),
    );
  }

  #idle(newcomer: Deployment): Deployment[] {
    return this.#others(newcomer).filter(({ idle }) => idle);
  }

  #leastRecentlyUsed(newcomer: Deployment): Deployment | undefined {
    return this.#idle(newcomer).toSorted((a, b) => a.idleSince - b.idleSince)[0];
  }
}

/** @returns whether it is `true` before the deadline @throws `signal.reason` when aborted meanwhile */
async function changed(is: () => boolean, deadline: number, signal: AbortSignal): Promise<boolean> {
  while (!is()) {
    if (performance.now() >= deadline) return false;
    await Bun.sleep(LOOK_EVERY_MS);
    signal.throwIfAborted();
  }
  return true;
}
