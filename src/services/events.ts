import type { DeploymentStatus } from "../schemas/deployment.ts";
import type { LogLevel } from "../engine/engine.ts";

/** What `GET /events` carries, by event name. */
export interface ServerEvents {
  deployment: DeploymentStatus;
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

type Listener = <K extends keyof ServerEvents>(name: K, value: ServerEvents[K]) => void;

/** Carries events from where they happen to whoever watches; a listener that throws stops nobody else. */
export class EventBus {
  readonly #listeners = new Set<Listener>();

  emit<K extends keyof ServerEvents>(name: K, value: ServerEvents[K]): void {
    for (const listener of this.#listeners) {
      try {
        listener(name, value);
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
