import { readFile } from "node:fs/promises";

/** Ticks of all CPUs together since the machine started. */
interface Ticks {
  busy: number;
  all: number;
}

/** Between the two looks that a first figure takes. */
const FIRST_MS = 500;

/**
 * How busy the CPUs of the machine are, in percent of all of them, since it was asked last. Read here and not by
 * systeminformation, which runs a program for it and stands still meanwhile, with every stream of the server.
 */
export class CpuLoad {
  #last: Ticks | null = null;

  /** @throws Error where the system does not tell */
  async read(): Promise<number> {
    if (this.#last === null) {
      this.#last = await readTicks();
      await Bun.sleep(FIRST_MS);
    }
    const [before, now] = [this.#last, await readTicks()];
    this.#last = now;
    const passed = now.all - before.all;
    return passed > 0 ? (100 * (now.busy - before.busy)) / passed : 0;
  }
}

/** The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5)). */
async function readTicks(): Promise<Ticks> {
  const [line = ""] = (await readFile("/proc/stat", "utf8")).split("\n", 1);
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, waiting = 0] = ticks;
  const all = ticks.reduce((sum, some) => sum + some, 0);
  return { busy: all - idle - waiting, all };
}
