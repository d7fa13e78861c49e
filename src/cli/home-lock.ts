import { join } from "node:path";
import { FileLock } from "../setup/file-lock.ts";
import type { DeploymentStore } from "../store/deployment-store.ts";

/**
 * Which of the servers with the same home goes on with what the last one left: its deployments and downloads. The
 * others, on ports of their own, would load every model once more and write into the same unfinished files.
 */
export class HomeLock implements Disposable {
  /** Whether it is this one. */
  readonly isOurs: boolean;
  readonly #lock: FileLock | null;

  private constructor(lock: FileLock | null, isOurs: boolean) {
    this.#lock = lock;
    this.isOurs = isOurs;
  }

  /** Never waits. Where there can be no lock, everybody has it. */
  static take(home: string): HomeLock {
    try {
      const lock = new FileLock(join(home, "server.lock"));
      return new HomeLock(lock, lock.take() || !lock.exists);
    } catch {
      // What can not be written has nothing to go on with, which the database tells.
      return new HomeLock(null, true);
    }
  }

  [Symbol.dispose](): void {
    this.#lock?.[Symbol.dispose]();
  }
}

/** For a server that remembers nothing. */
export const FORGETFUL: Pick<DeploymentStore, "list" | "save" | "remove"> = {
  list: () => [],
  save: () => {},
  remove: () => {},
};
