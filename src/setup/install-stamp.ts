import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** In the folder of the packages themselves, so that it goes when they go. */
const stampFile = (root: string) => join(root, "node_modules", ".berth-installed");

/**
 * Whether an installation of the present bun.lock came to its end. One that was cut short holds only
 * whole packages (measured: Bun killed at 50 moments), but not all that these need.
 * What was installed for development holds all that a start needs.
 */
export function hasStamp(root: string, development: boolean): boolean {
  try {
    const stamp = readFileSync(stampFile(root), "utf8");
    return stamp === stampOf(root, true) || (!development && stamp === stampOf(root, false));
  } catch {
    return false;
  }
}

export function writeStamp(root: string, development: boolean): void {
  writeFileSync(stampFile(root), stampOf(root, development));
}

function stampOf(root: string, development: boolean): string {
  const lockfile = readFileSync(join(root, "bun.lock"));
  return `${Bun.hash(lockfile).toString(16)} ${development ? "development" : "production"}\n`;
}
