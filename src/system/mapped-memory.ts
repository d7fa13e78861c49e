import { readFile } from "node:fs/promises";

/**
 * File pages that processes keep mapped, in bytes: the weights of a model that is read through a memory
 * map. The kernel counts them as available, but whoever takes them makes that model read its file anew for
 * every token. Elsewhere than on Linux, and for processes that are gone, 0.
 * @param root where `/proc` is; tests have their own
 */
export async function mappedMemory(pids: readonly number[], root = "/"): Promise<number> {
  const sizes = await Promise.all(pids.map((pid) => mappedBy(pid, root)));
  return sizes.reduce((all, bytes) => all + bytes, 0);
}

async function mappedBy(pid: number, root: string): Promise<number> {
  try {
    const status = await readFile(`${root}proc/${pid}/status`, "utf8");
    // `RssFile:   4096 kB`; see proc_pid_status(5).
    return Number(/^RssFile:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
