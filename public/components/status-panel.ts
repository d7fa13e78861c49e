import type { Statistics } from "../../src/schemas/event.ts";
import type { StatusAnswer } from "../../src/schemas/status.ts";
import type { GpuStatus, SystemStatus } from "../../src/schemas/system.ts";
import { byId, setText } from "../lib/dom.ts";
import { formatBytes, plural } from "../lib/format.ts";
import { Meter } from "./meter.ts";

/** The current model and the machine. */
export class StatusPanel {
  readonly #model = byId("status-model", HTMLElement);
  readonly #loaded = byId("status-loaded", HTMLElement);
  readonly #device = byId("status-device", HTMLElement);
  readonly #work = byId("status-work", HTMLElement);
  readonly #meters = byId("meters", HTMLElement);
  readonly #byName = new Map<string, Meter>();

  show(status: StatusAnswer, statistics: Statistics | null): void {
    setText(this.#model, status.model_name ?? "none");
    setText(this.#loaded, status.is_loaded ? "yes" : status.is_loading ? "loading" : "no");
    setText(this.#device, status.device ?? "–");
    setText(this.#work, statistics ? work(statistics) : "–");
    this.#showSystem(status.system);
  }

  /** Greys the figures out while they are only the last that was heard. */
  showStale(stale: boolean): void {
    this.#meters.classList.toggle("stale", stale);
  }

  #showSystem({ memory, cpu, disk, gpu }: SystemStatus): void {
    this.#meter("Memory").set(
      memory.used / memory.total,
      `${formatBytes(memory.used)} of ${formatBytes(memory.total)}`,
      `${formatBytes(memory.available)} free for models`,
    );
    this.#meter("CPU").set(
      cpu.usage_percent / 100,
      `${Math.round(cpu.usage_percent)} %`,
      [cpu.model, `${cpu.usable} of ${cpu.cores} CPUs usable`].filter(Boolean).join(", "),
    );
    if (disk)
      this.#meter("Disk").set(
        disk.used / disk.total,
        `${formatBytes(disk.available)} free of ${formatBytes(disk.total)}`,
      );
    if (gpu.length === 0) this.#meter("GPU").set(null, "none found");
    for (const [index, card] of gpu.entries())
      this.#meter(gpu.length > 1 ? `GPU ${index + 1}` : "GPU").set(...gpuFigures(card));
  }

  #meter(name: string): Meter {
    let meter = this.#byName.get(name);
    if (!meter) {
      meter = new Meter(name);
      this.#byName.set(name, meter);
      this.#meters.append(meter.root);
    }
    return meter;
  }
}

function work({ requests, tokens_per_second: rate }: Statistics): string {
  return requests === 0 ? "idle" : `${plural(requests, "request")}, ${rate.toFixed(1)} tokens/s`;
}

function gpuFigures(gpu: GpuStatus): [fraction: number | null, value: string, note: string] {
  const busy = gpu.usage_percent === null ? null : `${Math.round(gpu.usage_percent)} % busy`;
  const note = [gpu.name, gpu.driver && `driver ${gpu.driver}`, busy].filter(Boolean).join(", ");
  if (!gpu.memory_total) return [null, "memory unknown", note];
  if (gpu.memory_used === null) return [null, formatBytes(gpu.memory_total), note];
  return [
    gpu.memory_used / gpu.memory_total,
    `${formatBytes(gpu.memory_used)} of ${formatBytes(gpu.memory_total)}`,
    note,
  ];
}
