import { rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { RemoteFile } from "./locate.ts";
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

/**
 * Whether what lies there is this content: of its size, and where both hashes are known, of its hash. The file itself
 * is not read.
 */
export async function holds(path: string, content: Pick<RemoteFile, "size" | "sha256">): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || found.size !== content.size) return false;
  const origin = await readOrigin(path);
  const isKnown = content.sha256 !== null && (origin?.sha256 ?? null) !== null;
  return !isKnown || origin?.sha256 === content.sha256;
}

/** Removes a downloaded file and its note. */
export async function removeDownloaded(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(notePath(path), { force: true });
}
