import type { Config } from "../config/config.ts";
import { ApiError } from "../errors.ts";
import { isLoopback } from "../http/loopback.ts";
import { VERSION } from "../version.ts";
import { baseUrl, exposedText, listeningText, readyText } from "./banner.ts";

/**
 * What `berth serve` says on its standard output while it starts: texts for people, or for a program one JSON object
 * a line, each with what happened as its `event`. A reader that went away is no reason to end.
 */
export class Notices {
  readonly #config: Config;
  readonly #url: string;
  readonly #json: boolean;

  /** @param port where the server listens, which is not that of the settings where those say 0 */
  constructor(config: Config, port: number, { json = false } = {}) {
    this.#config = config;
    this.#url = baseUrl(config.host, port);
    this.#json = json;
  }

  /** Where it listens, and whether others than this machine can reach it. */
  listening(): void {
    const { host, model } = this.#config;
    const exposed = !isLoopback(host);
    const url = this.#url;
    this.#say({ event: "listening", url, openai_base: `${url}/v1`, version: VERSION, model, exposed }, () =>
      exposed ? `${listeningText(url, model)}\n\n${exposedText(this.#config)}` : listeningText(url, model),
    );
  }

  ready(model: string): void {
    this.#say({ event: "ready", model }, () => readyText(this.#url, model));
  }

  /** The server goes on without the model. */
  failed(model: string, reason: unknown): void {
    const message = reason instanceof Error ? reason.message : String(reason);
    const error = reason instanceof ApiError ? reason.toBody().error : { message };
    this.#say(
      { event: "failed", model, error },
      () =>
        `\nThe model ${JSON.stringify(model)} could not be deployed: ${message}\nThe server goes on without it.`,
    );
  }

  #say(notice: Readonly<Record<string, unknown>>, text: () => string): void {
    process.stdout.write(`${this.#json ? JSON.stringify(notice) : text()}\n`, () => {});
  }
}
