import { Database } from "bun:sqlite";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../log.ts";
import { MIGRATIONS } from "./migrations.ts";

export const DATABASE_FILE = "berth.db";

/** A page of the file can not be what was written. */
class DamagedDatabase extends Error {}

/**
 * Opens `<home>/berth.db`, and makes or migrates it. A damaged file is moved aside; where no file can be
 * had at all, the database lives in memory for this run. Either is told in the log and stops nothing.
 */
export function openDatabase(home: string, log: Log): Database {
  const path = join(home, DATABASE_FILE);
  try {
    mkdirSync(home, { recursive: true });
    return open(path);
  } catch (error) {
    if (!isDamage(error)) return openInMemory(path, error, log);
    return openAfresh(path, error, log);
  }
}

function open(path: string): Database {
  const database = new Database(path, { create: true, strict: true });
  try {
    // Another server with the same home may be writing.
    database.run("PRAGMA busy_timeout = 5000");
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = NORMAL");
    database.run("PRAGMA foreign_keys = ON");
    check(database);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openAfresh(path: string, error: unknown, log: Log): Database {
  const aside = `${path}.damaged-${Date.now()}`;
  log.error({ err: error, path, moved_to: aside }, "database is damaged, starting with an empty one");
  try {
    // The log and index of the damaged file would damage the new one.
    for (const suffix of ["", "-wal", "-shm"]) moveIfThere(path + suffix, aside + suffix);
    return open(path);
  } catch (second) {
    return openInMemory(path, second, log);
  }
}

function openInMemory(path: string, error: unknown, log: Log): Database {
  log.error({ err: error, path }, "database can not be used, nothing will be remembered after this run");
  return open(":memory:");
}

/** @throws DamagedDatabase */
function check(database: Database): void {
  const row = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
  if (row?.quick_check !== "ok") throw new DamagedDatabase(row?.quick_check ?? "The check gave no result");
}

function migrate(database: Database): void {
  // Immediate: of two servers that start at once the second waits, and finds the work done.
  database
    .transaction(() => {
      const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
      const version = row?.user_version ?? 0;
      // What a later version of this program wrote is not for us to change.
      if (version > MIGRATIONS.length)
        throw new Error(`The database has version ${version}, this program knows up to ${MIGRATIONS.length}`);
      for (const migration of MIGRATIONS.slice(version)) database.run(migration);
      database.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
    })
    .immediate();
}

function isDamage(error: unknown): boolean {
  if (error instanceof DamagedDatabase) return true;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB";
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
