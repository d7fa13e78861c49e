import { Database, SQLiteError } from "bun:sqlite";
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { SetUpError } from "./set-up-error.ts";

/** Takes the lock, where nobody else has it. */
type TryLock = (database: Database) => boolean;

/**
 * Two first starts at once install one after the other. The lock is SQLite's on an empty file: the system
 * lets go of it when its owner ends, in whatever way, so none is ever left behind.
 * @throws SetUpError where the folder can not be written
 */
export async function withSetUpLock<T>(
  path: string,
  work: () => Promise<T>,
  tryLock: TryLock = lockExclusively,
): Promise<T> {
  using database = open(path);
  if (!tryLock(database)) {
    if (locksHold(path, tryLock)) {
      console.error("Another start of Berth is setting up: waiting for it …");
      while (!tryLock(database)) await Bun.sleep(100);
    } else
      console.error(
        `${dirname(path)} lies on a drive without locks: nothing else may set up Berth meanwhile`,
      );
  }
  // Closing the database gives the lock back.
  return await work();
}

/** Whether a lock that nobody else can have is given: where the file system knows none, SQLite calls it busy. */
function locksHold(path: string, tryLock: TryLock): boolean {
  const own = `${path}-${process.pid}`;
  try {
    using database = open(own);
    return tryLock(database);
  } finally {
    rmSync(own, { force: true });
  }
}

function open(path: string): Database {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return new Database(path, { create: true });
  } catch (error) {
    throw new SetUpError(
      `${dirname(path)} can not be written: run the set-up once as the owner of this folder`,
      {
        cause: error,
      },
    );
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
