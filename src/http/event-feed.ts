import type { DeploymentStatus } from "../schemas/deployment.ts";
import type { Statistics } from "../schemas/event.ts";
import type { DownloadStatus } from "../schemas/download.ts";
import type { LogLine, ServerEvent } from "../services/events.ts";
import type { NamedEvent } from "./sse.ts";

const LOG_LINES = 500;

/**
 * What one client of `GET /events` has still to read, in bounded memory however slowly it reads: of
 * each deployment, each download and the statistics the newest state, of the log the newest lines.
 */
export class EventFeed {
  readonly #deployments = new Map<string, DeploymentStatus>();
  readonly #downloads = new Map<string, DownloadStatus>();
  readonly #log: LogLine[] = [];
  #statistics: Statistics | null = null;
  #dropped = 0;
  #wake: (() => void) | null = null;
  #closed = false;

  add(...[name, value]: ServerEvent): void {
    if (name === "deployment") this.deployment(value);
    else if (name === "download") this.download(value);
    else this.log(value);
  }

  deployment(status: DeploymentStatus): void {
    // Taken out first, so that the order stays the order of the last changes.
    this.#deployments.delete(status.model_name);
    this.#deployments.set(status.model_name, status);
    this.#notify();
  }

  download(status: DownloadStatus): void {
    this.#downloads.delete(status.id);
    this.#downloads.set(status.id, status);
    this.#notify();
  }

  statistics(statistics: Statistics): void {
    this.#statistics = statistics;
    this.#notify();
  }

  log(line: LogLine): void {
    this.#log.push(line);
    if (this.#log.length > LOG_LINES) {
      this.#log.shift();
      this.#dropped++;
    }
    this.#notify();
  }

  /** Ends `read()` once it has nothing left to say. */
  close(): void {
    this.#closed = true;
    this.#notify();
  }

  /** The events as they come. For one reader. */
  async *read(): AsyncGenerator<NamedEvent, void> {
    while (true) {
      const event = this.#take();
      if (event) yield event;
      else if (this.#closed) return;
      else await this.#news();
    }
  }

  #take(): NamedEvent | null {
    for (const [name, status] of this.#deployments) {
      this.#deployments.delete(name);
      return { event: "deployment", data: status };
    }
    for (const [id, status] of this.#downloads) {
      this.#downloads.delete(id);
      return { event: "download", data: status };
    }
    if (this.#dropped > 0) {
      const lines = this.#dropped;
      this.#dropped = 0;
      return { event: "dropped", data: { lines } };
    }
    const line = this.#log.shift();
    if (line) return { event: "log", data: line };
    const statistics = this.#statistics;
    this.#statistics = null;
    return statistics && { event: "stats", data: statistics };
  }

  #news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
