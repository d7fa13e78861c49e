import { join } from "node:path";
import { FileLock } from "../setup/file-lock.ts";
import type { DeploymentStore } from "../store/deployment-store.ts";

type Store = Pick<DeploymentStore, "list" | "save" | "remove">;

const RETRY_MS = 250;

/**
 * Which of the servers with the same home goes on with what the last one left: its deployments and downloads. The
 * others, on ports of their own, would load every model once more and write into the same unfinished files.
 */
export class HomeLock implements Disposable {
  readonly #lock: FileLock | null;
  #isOurs: boolean;
  #isOver = false;

  /** Takes it unless another server has it. Where there can be no lock, everybody has it. */
  constructor(home: string) {
    let lock: FileLock | null = null;
    let isOurs = true;
    try {
      lock = new FileLock(join(home, "server.lock"));
      isOurs = lock.take() || !lock.exists;
    } catch {
      // Where nothing can be written there is nothing to go on with, which the database tells.
    }
    this.#lock = lock;
    this.#isOurs = isOurs;
  }

  /** Whether it is this server. */
  get isOurs(): boolean {
    return this.#isOurs;
  }

  /**
   * Waits for a server that is about to end: it gives its port away first, and its home once its answers are whole.
   * @returns whether it has ended
   */
  async whenOurs(limitMs: number): Promise<boolean> {
    const until = performance.now() + limitMs;
    while (!this.#isOurs && !this.#isOver && performance.now() < until) {
      await Bun.sleep(RETRY_MS);
      if (!this.#isOver) this.#isOurs = this.#lock?.take() ?? true;
    }
    return this.#isOurs && !this.#isOver;
  }

  /** What is deployed, remembered for as long as it is this server. */
  guarded(store: Store): Store {
    return {
      list: () => (this.#isOurs ? store.list() : []),
      save: (request) => this.#isOurs && store.save(request),
      remove: (name) => this.#isOurs && store.remove(name),
    };
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#lock?.[Symbol.dispose]();
  }
}
