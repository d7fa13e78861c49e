import type { Statistics } from "../schemas/event.ts";
import type { SystemStatus } from "../schemas/system.ts";
import type { ModelManager } from "./model-manager.ts";

interface Sources {
  manager: Pick<ModelManager, "list">;
  system: { status(): Promise<SystemStatus> };
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
  #last = { at: 0, tokens: 0 };

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
    if (!this.#timer) {
      this.#last = { at: performance.now(), tokens: this.#tokens() };
      this.#timer = setInterval(() => void this.#tick(), this.#intervalMs);
    }
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
    const busy = sum((model) => model.busy_slots);
    const queued = sum((model) => model.queued);
    return {
      time: Date.now(),
      requests: busy + queued,
      busy_slots: busy,
      slots: sum((model) => model.slots ?? 0),
      queued,
      tokens_per_second: this.#rate(),
      memory: { used: memory.used, total: memory.total },
      cpu_percent: cpu.usage_percent,
    };
  }

  /** Tokens per second since the last call. */
  #rate(): number {
    const now = { at: performance.now(), tokens: this.#tokens() };
    const { at, tokens } = this.#last;
    this.#last = now;
    // Counts end with their model, so the sum falls when one goes.
    return now.at > at ? Math.max(0, Math.round(((now.tokens - tokens) / (now.at - at)) * 10_000) / 10) : 0;
  }

  #tokens(): number {
    return this.#sources.manager
      .list()
      .reduce((total, { completion_tokens = 0 }) => total + completion_tokens, 0);
  }
}
