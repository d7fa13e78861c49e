import type { Database } from "bun:sqlite";
import { arch, cpus } from "node:os";
import type { Tuning } from "../engine/engine.ts";
import type { Log } from "../log.ts";

/** What a measurement depends on besides the machine. */
export interface TuningKey {
  /** Tells the file from others and from its own earlier contents. */
  file: string;
  /** As asked for. */
  device: string;
  /** CPUs it may use. */
  threads: number;
}

interface TuningStoreParts {
  database: Database;
  log: Log;
  /** Tells this machine from others that may share the home. Default: its processor. */
  machine?: string;
}

/**
 * What was measured of a model on this machine, kept for its next load. It saves a few seconds of
 * measuring and nothing else, so a database that fails is told in the log and stops nothing.
 */
export class TuningStore {
  readonly #database: Database;
  readonly #log: Log;
  readonly #machine: string;

  constructor({ database, log, machine = thisMachine() }: TuningStoreParts) {
    this.#database = database;
    this.#log = log;
    this.#machine = machine;
  }

  /** @returns `null` when nothing is known */
  get({ file, device, threads }: TuningKey): Tuning | null {
    try {
      return this.#database
        .query<Tuning, [string, string, string, number]>(
          `SELECT decode_threads AS decodeThreads FROM tuning
           WHERE file = ? AND machine = ? AND device = ? AND threads = ?`,
        )
        .get(file, this.#machine, device, threads);
    } catch (error) {
      this.#log.warn({ err: error }, "tuning can not be read");
      return null;
    }
  }

  /** Takes the place of an earlier measurement. */
  set({ file, device, threads }: TuningKey, { decodeThreads }: Tuning): void {
    try {
      this.#database
        .query(
          `INSERT OR REPLACE INTO tuning (file, machine, device, threads, decode_threads, measured_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
        )
        .run(file, this.#machine, device, threads, decodeThreads, Date.now());
    } catch (error) {
      this.#log.warn({ err: error }, "tuning can not be kept");
    }
  }
}

function thisMachine(): string {
  return `${arch()} ${cpus()[0]?.model.trim() ?? "unknown"}`;
}
