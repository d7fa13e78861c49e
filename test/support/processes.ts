import { readdir, readFile } from "node:fs/promises";

/** Whether a process runs; one that only waits to be reaped does not. */
export async function runs(pid: number): Promise<boolean> {
  const state = (await statOf(pid))?.state;
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The ids of all processes that descend from `pid` and run. */
export async function descendants(pid: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const stats = await Promise.all(pids.map(async (id) => ({ id, stat: await statOf(id) })));
  const childrenOf = (parent: number): number[] =>
    stats
      .filter(({ stat }) => stat?.parent === parent && stat.state !== "Z")
      .flatMap(({ id }) => [id, ...childrenOf(id)]);
  return childrenOf(pid);
}

/** The ids of the engine processes among the descendants of `pid`. */
export async function engineProcesses(pid: number): Promise<number[]> {
  const family = await descendants(pid);
  const commands = await Promise.all(
    family.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")),
  );
  return family.filter((_, index) => commands[index]?.includes("/engine/worker/main.ts"));
}

/** See proc_pid_stat(5); the name may hold spaces and parentheses, so what counts is behind its last one. */
async function statOf(pid: number): Promise<{ state: string; parent: number } | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

/** Memory of a process in bytes; what it shares with others counts in parts. */
export async function pss(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? Number.NaN) * 1024;
}
