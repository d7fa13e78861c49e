import { mkdirSync, openSync, readFileSync, rmSync, writeSync, closeSync } from "node:fs";
import { join } from "node:path";

/** Two first starts at once install one after the other; a lock whose owner is gone does not count. */
export async function withSetUpLock(root: string, work: () => Promise<void>): Promise<void> {
  mkdirSync(join(root, "node_modules"), { recursive: true });
  const path = join(root, "node_modules", ".berth-set-up.lock");
  for (let told = false; !tryLock(path); told = true) {
    if (!told) console.error("Another start of Berth is setting up: waiting for it …");
    if (!isAlive(ownerOf(path))) rmSync(path, { force: true });
    await Bun.sleep(200);
  }
  try {
    await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path: string): boolean {
  try {
    const file = openSync(path, "wx");
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function ownerOf(path: string): number {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  // Not written yet: the owner is between creating the file and naming itself.
  if (pid === 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
