import { Database, SQLiteError } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Two first starts at once install one after the other. The lock is SQLite's on an empty file: the system
 * lets go of it when its owner ends, in whatever way, so none is ever left behind.
 * @throws Error where the folder can not be written
 */
export async function withSetUpLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  using database = open(path);
  for (let told = false; !tryLock(database); told = true) {
    if (!told) console.error("Another start of Berth is setting up: waiting for it …");
    await Bun.sleep(100);
  }
  // Closing the database gives the lock back.
  return await work();
}

function open(path: string): Database {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return new Database(path, { create: true });
  } catch (error) {
    throw new Error(`${dirname(path)} can not be written: run the set-up once as the owner of this folder`, {
      cause: error,
    });
  }
}

function tryLock(database: Database): boolean {
  try {
    database.run("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") return false;
    throw error;
  }
}
