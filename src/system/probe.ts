import { cpus } from "node:os";
import si from "systeminformation";
import type { GpuStatus, SystemStatus } from "../schemas/system.ts";
import { Cached } from "./cached.ts";
import { CpuLoad } from "./cpu-load.ts";
import { usableCpus } from "./cpus.ts";
import { diskOf } from "./disk.ts";
import { readGpus } from "./gpus.ts";
import { type Memory, withinLimits } from "./memory.ts";

/** Longest that a figure which is slow to get may hold up `status()`, in milliseconds. */
const PATIENCE_MS = 200;

/** How long the tools may take when a person asked for their figures; those of a GPU may have to wake it first. */
const TOOL_PATIENCE_MS = 8000;

/**
 * What this machine has and how much of it is free. Figures that need other programs (GPU, disk) are
 * refreshed in the background and may be some seconds old.
 */
export class SystemProbe {
  readonly #directory: string;
  readonly #memory = new Cached(readMemory, {
    initial: { total: 0, used: 0, available: 0 },
    maxAgeMs: 250,
    patienceMs: 5000,
  });
  readonly #model = new Cached(readCpuModel, {
    initial: null as string | null,
    maxAgeMs: Infinity,
    patienceMs: PATIENCE_MS,
  });
  readonly #cpus = new CpuLoad();
  // The first measurement takes half a second; later ones compare with the one before.
  readonly #load = new Cached(() => this.#cpus.read(), { initial: 0, maxAgeMs: 900, patienceMs: 0 });
  readonly #gpus = new Cached(readGpus, { initial: [] as GpuStatus[], maxAgeMs: 5000, patienceMs: 0 });
  readonly #disk;

  /** @param directory the models directory, whose disk is shown; it need not exist */
  constructor(directory: string) {
    this.#directory = directory;
    this.#disk = new Cached(() => diskOf(directory), {
      initial: null,
      maxAgeMs: 10_000,
      patienceMs: PATIENCE_MS,
    });
  }

  /** Starts what is slow the first time. */
  warmUp(): void {
    for (const cached of [this.#load, this.#gpus, this.#model, this.#disk]) void cached.read();
  }

  /** The machine now; takes milliseconds. */
  async status(): Promise<SystemStatus> {
    const [memory, model, load, disk, gpu] = await Promise.all([
      this.#memory.read(),
      this.#model.read(),
      this.#load.read(),
      this.#disk.read(),
      this.#gpus.read(),
    ]);
    return {
      memory: { ...memory, percent: percent(memory), process: process.memoryUsage.rss() },
      cpu: { model, cores: cpus().length, usable: usableCpus(), usage_percent: round(load) },
      disk: disk && { path: this.#directory, ...disk, percent: percent(disk) },
      gpu,
    };
  }

  /** As `status()`, but waits for all figures, GPU included, as a person who asks once would. */
  async completeStatus(): Promise<SystemStatus> {
    const slow = [this.#model, this.#load, this.#disk, this.#gpus];
    await Promise.all(slow.map((cached) => cached.read(TOOL_PATIENCE_MS)));
    return this.status();
  }

  /**
   * Bytes of RAM that can be taken now, cgroup limits respected.
   * @param mapped bytes of file pages that the kernel calls available although somebody needs them
   */
  async availableMemory(mapped = 0): Promise<number> {
    return Math.max(0, (await readMemory()).available - mapped);
  }
}

async function readMemory(): Promise<Memory> {
  const { total, available } = await si.mem();
  return withinLimits({ total, available });
}

async function readCpuModel(): Promise<string | null> {
  const { manufacturer, brand } = await si.cpu();
  return [manufacturer, brand].filter(Boolean).join(" ") || null;
}

function percent({ total, used }: { total: number; used: number }): number {
  return total > 0 ? round((used / total) * 100) : 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
