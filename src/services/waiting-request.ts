import { requestCancelled } from "../errors.ts";
import type { RequestStatus } from "../schemas/request.ts";
import type { Caller } from "./running-request.ts";

/** A request whose model is not in memory yet. */
export class WaitingRequest {
  readonly id: string;
  readonly endpoint: string;
  /** As the client names it; `null` is the current one. */
  readonly model: string | null;
  /** Unix time in milliseconds. */
  readonly started = Date.now();
  /** The same on the clock of `performance.now()`. */
  readonly begun = performance.now();
  /** Aborts when the client leaves or `cancel` is called. */
  readonly signal: AbortSignal;
  readonly #requestId: string | null;
  readonly #cancel = new AbortController();

  constructor(id: string, endpoint: string, model: string | null, { signal, requestId }: Caller) {
    this.id = id;
    this.endpoint = endpoint;
    this.model = model;
    this.#requestId = requestId;
    this.signal = AbortSignal.any([signal, this.#cancel.signal]);
  }

  /** Its client gets `message` as the error `request_cancelled`. */
  cancel(message: string): void {
    this.#cancel.abort(requestCancelled(message));
  }

  status(): RequestStatus {
    return {
      id: this.id,
      request_id: this.#requestId,
      endpoint: this.endpoint,
      model: this.model ?? "",
      state: "waiting",
      started: this.started / 1000,
      elapsed_ms: Math.round(performance.now() - this.begun),
      prompt_tokens: 0,
      completion_tokens: 0,
    };
  }
}
