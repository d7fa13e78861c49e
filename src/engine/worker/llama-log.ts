import { LlamaLogLevel } from "node-llama-cpp";
import type { LogLevel } from "../engine.ts";

const LEVELS: Partial<Record<LlamaLogLevel, LogLevel>> = {
  [LlamaLogLevel.fatal]: "error",
  [LlamaLogLevel.error]: "error",
  [LlamaLogLevel.warn]: "warn",
  // What llama.cpp calls information is hundreds of lines for every load.
  [LlamaLogLevel.info]: "debug",
  [LlamaLogLevel.log]: "debug",
};

/**
 * Listens to llama.cpp's log: some things it says nowhere else, such as why a file can not be loaded and how
 * much of a context is KV cache.
 */
export class LlamaLog {
  /** What llama.cpp tells at all. */
  readonly level: LlamaLogLevel;
  readonly #forward: (level: LogLevel, message: string) => void;
  /** Of this attempt. */
  #firstError: string | null = null;
  #kvCache = 0;

  /** @param level less than `info` hides the sizes of buffers */
  constructor(forward: (level: LogLevel, message: string) => void, level = LlamaLogLevel.info) {
    this.level = level;
    this.#forward = forward;
  }

  /** Bytes of all KV and recurrent-state buffers of this attempt. */
  get kvCache(): number {
    return this.#kvCache;
  }

  readonly write = (level: LlamaLogLevel, message: string): void => {
    const text = message.trim();
    if (text === "") return;
    const mapped = LEVELS[level] ?? "debug";
    // The first error is the cause; the ones after it are consequences.
    if (mapped === "error") this.#firstError ??= text;
    const buffer = /\b(?:KV|RS) buffer size =\s*([\d.]+) MiB/.exec(text);
    if (buffer) this.#kvCache += Math.round(Number(buffer[1]) * 2 ** 20);
    this.#forward(mapped, text);
  };

  /** Something else is tried from here on, which no earlier error explains and no earlier buffer belongs to. */
  beginAttempt(): void {
    this.#firstError = null;
    this.#kvCache = 0;
  }

  /** Why this attempt failed, in the loader's words without its function names; `null` when it said nothing. */
  reason(): string | null {
    return (
      this.#firstError?.replace(/^\w+: (error loading model: )?/, "").replace(/^error loading model: /, "") ??
      null
    );
  }
}
