import type { LoadSpec } from "../engine/engine.ts";
import { memoryBusy } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Deployment } from "./deployment.ts";

/**
 * Whether a model fits into the memory that is free: with all it asks for, with less, or not at all; `hopeless` is
 * not even with that of all models that lie idle.
 */
export type Verdict = "whole" | "reduced" | "none" | "hopeless";

export interface MemoryKeeperParts {
  /** Every deployment there is. */
  deployments: Iterable<Deployment>;
  /** Judges a load before it happens; `null` when nobody can tell. */
  judge: (spec: Omit<LoadSpec, "memoryBudget" | "tuning">) => Promise<Verdict | null>;
  /** How long a model waits for the memory of those at work, in milliseconds. */
  waitMs: number;
  log: Log;
}

/** Between two looks at whether a model at work has become idle, or one that ends is gone. */
const LOOK_EVERY_MS = 25;

/**
 * Makes room for a model before it is loaded: of those that lie idle, the one that was used least
 * recently goes first. Models at work and pinned ones stay.
 */
export class MemoryKeeper {
  readonly #parts: MemoryKeeperParts;

  constructor(parts: MemoryKeeperParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when `newcomer` fits as it was asked for, or when nothing more can be had for it.
   * @throws ApiError `memory_busy` when it fits only once models at work are done, and they are not in
   * time; `signal.reason` when aborted
   */
  async makeRoom(newcomer: Deployment, signal: AbortSignal): Promise<void> {
    const { judge, waitMs, log } = this.#parts;
    const deadline = performance.now() + waitMs;
    for (;;) {
      // What is free is not known before.
      await changed(() => !this.#others(newcomer).some(({ leaving }) => leaving), deadline, signal);
      if (this.#others(newcomer).length === 0) return;
      const verdict = await judge(newcomer.spec);
      signal.throwIfAborted();
      if (verdict === null || verdict === "whole") return;
      // What is forced in waits for nobody.
      const working = newcomer.forced ? [] : this.#others(newcomer).filter(({ busy }) => busy);
      const victim = this.#leastRecentlyUsed(newcomer);
      if (victim && (verdict !== "hopeless" || working.length === 0)) {
        log.info({ model: victim.name, for: newcomer.name }, "evicting an idle model");
        await victim.rest();
        continue;
      }
      if (verdict === "reduced" || working.length === 0) return;
      // It may also have crashed or been undeployed, which frees its memory as well.
      if (!(await changed(() => working.some(({ busy }) => !busy), deadline, signal)))
        throw memoryBusy(newcomer.name);
    }
  }

  /** Those that have memory to give, now or later. */
  #others(newcomer: Deployment): Deployment[] {
    return Array.from(this.#parts.deployments).filter(
      (deployment) => deployment !== newcomer && (deployment.idle || deployment.busy || deployment.leaving),
    );
  }

  #leastRecentlyUsed(newcomer: Deployment): Deployment | undefined {
    return this.#others(newcomer)
      .filter(({ idle }) => idle)
      .toSorted((a, b) => a.idleSince - b.idleSince)[0];
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
