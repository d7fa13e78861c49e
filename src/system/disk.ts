import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** Bytes of a file system. */
export interface Disk {
  total: number;
  used: number;
  /** To this user, without what is kept for root. */
  available: number;
}

/** The disk that `path` is on or will be on; `null` when that can not be told. */
export async function diskOf(path: string): Promise<Disk | null> {
  const existing = await nearestExisting(path);
  if (existing === null) return null;
  const { blocks, bfree, bavail, bsize } = await statfs(existing);
  return { total: blocks * bsize, used: (blocks - bfree) * bsize, available: bavail * bsize };
}

/** The path itself, or the closest folder above it that is there. */
async function nearestExisting(path: string): Promise<string | null> {
  for (let candidate = path; ; candidate = dirname(candidate)) {
    const found = await stat(candidate).catch(() => null);
    if (found) return candidate;
    if (candidate === dirname(candidate)) return null;
  }
}
