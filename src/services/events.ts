import type { DeploymentStatus } from "../schemas/deployment.ts";
import type { DownloadStatus } from "../schemas/download.ts";
import type { LogLevel } from "../engine/engine.ts";

/** What `GET /events` carries, by event name. */
export interface ServerEvents {
  deployment: DeploymentStatus;
  download: DownloadStatus;
  log: LogLine;
}

export interface LogLine {
  /** Unix time in milliseconds. */
  time: number;
  level: LogLevel;
  message: string;
  /** Structured fields, never prompt text or secrets. */
  fields: Record<string, unknown>;
}

/** The name of an event and what it carries. */
export type ServerEvent = {
  [K in keyof ServerEvents]: [name: K, value: ServerEvents[K]];
}[keyof ServerEvents];

type Listener = (...event: ServerEvent) => void;

/** Carries events from where they happen to whoever watches; a listener that throws stops nobody else. */
export class EventBus {
  readonly #listeners = new Set<Listener>();

  emit(...event: ServerEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(...event);
      } catch (error) {
        reportError(error);
      }
    }
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** @returns a function that ends the subscription */
  on(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
