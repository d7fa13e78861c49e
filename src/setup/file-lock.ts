import { Database, SQLiteError } from "bun:sqlite";
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/** Takes the lock, where nobody else has it. */
export type TryLock = (database: Database) => boolean;

/**
 * A lock among processes. It is SQLite's on an empty file: the system lets go of it when its owner ends, in whatever
 * way, so none is ever left behind.
 */
export class FileLock implements Disposable {
  readonly #path: string;
  readonly #database: Database;
  readonly #tryLock: TryLock;

  /** @throws Error where the file can not be opened or made */
  constructor(path: string, tryLock: TryLock = lockExclusively) {
    this.#path = path;
    this.#tryLock = tryLock;
    mkdirSync(dirname(path), { recursive: true });
    this.#database = new Database(path, { create: true });
  }

  /** @returns whether this process has it now */
  take(): boolean {
    return this.#tryLock(this.#database);
  }

  /** Whether its drive has locks at all: where it has none, SQLite calls every file busy, also one of one's own. */
  get exists(): boolean {
    // Not by the process: in containers, every server is process 1.
    const own = `${this.#path}-${crypto.randomUUID()}`;
    try {
      using lock = new FileLock(own, this.#tryLock);
      return lock.take();
    } catch {
      // Whoever may not write there meets a lock of somebody who may.
      return true;
    } finally {
      rmSync(own, { force: true });
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function lockExclusively(database: Database): boolean {
  try {
    database.run("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") return false;
    throw error;
  }
}
