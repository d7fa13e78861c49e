import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writeWhole } from "./part-file.ts";

/** Where a downloaded file came from; a hidden note beside it, which only downloaded files have. */
export interface Origin {
  /** Without what stands behind a question mark, which may be a secret. */
  url: string;
  repo: string | null;
  commit: string | null;
  sha256: string | null;
  size: number;
  /** ISO 8601 */
  downloaded: string;
}

const notePath = (path: string) => join(dirname(path), `.${basename(path)}.origin.json`);

export async function writeOrigin(path: string, origin: Origin): Promise<void> {
  await writeWhole(notePath(path), JSON.stringify(origin, null, 2));
}

/** @returns `null` for a file that somebody put there */
export async function readOrigin(path: string): Promise<Origin | null> {
  try {
    return (await Bun.file(notePath(path)).json()) as Origin;
  } catch {
    return null;
  }
}

/** Removes a downloaded file and its note. */
export async function removeDownloaded(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(notePath(path), { force: true });
}
