import type { Statistics } from "../../src/schemas/event.ts";
import type { StatusAnswer } from "../../src/schemas/status.ts";

/** One second of the server. */
export interface Sample {
  /** Unix time in seconds. */
  time: number;
  /** Of all CPUs, 0 to 100. */
  cpu: number;
  /** Bytes. */
  memory: number;
  /** Bytes on all GPUs; `null` where there is none, or it does not tell. */
  gpuMemory: number | null;
  tokensPerSecond: number;
  /** Milliseconds; `null` in a second in which none came. */
  firstToken: number | null;
  busy: number;
  queued: number;
}

/** The newest samples, oldest first. */
export class History {
  readonly #samples: Sample[] = [];
  readonly #length: number;

  /** @param length how many samples are kept: five minutes at one per second */
  constructor(length = 300) {
    this.#length = length;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  add(statistics: Statistics, status: StatusAnswer | null): void {
    this.#samples.push({
      time: statistics.time / 1000,
      cpu: statistics.cpu_percent,
      memory: statistics.memory.used,
      gpuMemory: gpuMemory(status),
      tokensPerSecond: statistics.tokens_per_second,
      firstToken: statistics.first_token_ms,
      busy: statistics.busy_slots,
      queued: statistics.queued,
    });
    if (this.#samples.length > this.#length) this.#samples.shift();
  }

  /** One line of a chart. */
  column(name: keyof Sample): (number | null)[] {
    return this.#samples.map((sample) => sample[name]);
  }
}

function gpuMemory(status: StatusAnswer | null): number | null {
  const used = status?.system.gpu.map((card) => card.memory_used).filter((bytes) => bytes !== null) ?? [];
  return used.length === 0 ? null : used.reduce((sum, bytes) => sum + bytes, 0);
}
