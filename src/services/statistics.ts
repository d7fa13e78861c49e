import type { Statistics } from "../schemas/event.ts";
import type { ModelManager } from "./model-manager.ts";
import type { RequestRegistry } from "./requests.ts";
import type { SystemReader } from "./status.ts";

interface Sources {
  manager: Pick<ModelManager, "list">;
  system: SystemReader;
  requests: Pick<RequestRegistry, "statistics">;
  /** Called when a sample could not be taken. */
  onError: (error: unknown) => void;
  /** Between two samples, in milliseconds. */
  intervalMs?: number;
}

type Listener = (statistics: Statistics) => void;

/** Samples the whole server once per interval, for all listeners together, and only while there are any. */
export class StatisticsTicker {
  readonly #sources: Sources;
  readonly #intervalMs: number;
  readonly #listeners = new Set<Listener>();
  #timer: Timer | null = null;
  #sampling = false;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#intervalMs = sources.intervalMs ?? 1000;
  }

  /** Whether samples are being taken. */
  get running(): boolean {
    return this.#timer !== null;
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => void this.#tick(), this.#intervalMs);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || !this.#timer) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  async #tick(): Promise<void> {
    // A probe that takes longer than the interval must not pile up.
    if (this.#sampling) return;
    this.#sampling = true;
    try {
      const statistics = await this.#sample();
      for (const listener of this.#listeners) listener(statistics);
    } catch (error) {
      this.#sources.onError(error);
    } finally {
      this.#sampling = false;
    }
  }

  async #sample(): Promise<Statistics> {
    const { memory, cpu } = await this.#sources.system.status();
    const models = this.#sources.manager.list();
    const sum = (figure: (model: (typeof models)[number]) => number) =>
      models.reduce((total, model) => total + figure(model), 0);
    const { running, tokens_per_second, first_token_ms } = this.#sources.requests.statistics();
    return {
      time: Date.now(),
      requests: running,
      busy_slots: sum((model) => model.busy_slots),
      slots: sum((model) => model.slots ?? 0),
      queued: sum((model) => model.queued),
      tokens_per_second,
      first_token_ms,
      memory: { used: memory.used, total: memory.total },
      cpu_percent: cpu.usage_percent,
    };
  }
}
