import { ApiError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { RequestStatistics, RequestStatus } from "../schemas/request.ts";
import type { ModelManager } from "./model-manager.ts";
import { RateMeter } from "./rate-meter.ts";
import { statesOf } from "./request-states.ts";
import { type Caller, RunningRequest } from "./running-request.ts";

/** What kind of request it is. */
export interface RequestKind {
  /** Of the id, as OpenAI clients know it: `chatcmpl-`, `cmpl-`. */
  prefix: string;
  endpoint: string;
}

/** Every request that uses a model: which run, what became of the others. The one place that logs them. */
export class RequestRegistry {
  readonly #manager: Pick<ModelManager, "acquire">;
  readonly #log: Log;
  readonly #running = new Map<string, RunningRequest>();
  readonly #decoded = new RateMeter();
  readonly #totals = {
    finished: 0,
    failed: 0,
    cancelled: 0,
    prompt_tokens: 0,
    cached_tokens: 0,
    completion_tokens: 0,
  };

  constructor({ manager, log }: { manager: Pick<ModelManager, "acquire">; log: Log }) {
    this.#manager = manager;
    this.#log = log;
  }

  /**
   * Takes a model for a request, the current one when `model` names none. To be disposed of when the
   * answer is out, which gives the model back.
   * @throws ApiError when there is no such model or it is not ready
   */
  open({ prefix, endpoint }: RequestKind, model: string | null | undefined, caller: Caller): RunningRequest {
    const id = prefix + crypto.randomUUID().replaceAll("-", "");
    const request = new RunningRequest({
      id,
      endpoint,
      lease: this.#acquire(model ?? undefined, endpoint, caller),
      caller,
      onTokens: (count) => this.#decoded.add(count),
      onEnd: (ended) => this.#close(ended),
    });
    this.#running.set(id, request);
    return request;
  }

  /** Oldest first. */
  list(): RequestStatus[] {
    const running = [...this.#running.values()];
    const states = statesOf(running);
    return running.map((request, index) => ({
      id: request.id,
      request_id: request.requestId,
      endpoint: request.endpoint,
      model: request.model,
      state: states[index] ?? "queued",
      started: request.started / 1000,
      elapsed_ms: Math.round(request.elapsedMs),
      prompt_tokens: request.sum("promptTokens"),
      completion_tokens: request.sum("completionTokens"),
    }));
  }

  /**
   * Ends a request; its client gets the error `request_cancelled`.
   * @throws ApiError 404 `request_not_found`
   */
  cancel(id: string): void {
    const request = this.#running.get(id);
    if (!request) throw requestNotFound(id);
    request.cancel("The request was cancelled by the operator of this server");
  }

  statistics(): RequestStatistics {
    return { running: this.#running.size, ...this.#totals, tokens_per_second: this.#decoded.rate() };
  }

  #acquire(model: string | undefined, endpoint: string, { requestId }: Caller) {
    try {
      return this.#manager.acquire(model);
    } catch (error) {
      const { status, code } = error instanceof ApiError ? error : { status: 500, code: null };
      this.#log.info({ request: requestId, endpoint, model, status, code }, "request refused");
      throw error;
    }
  }

  #close(request: RunningRequest): void {
    this.#running.delete(request.id);
    const { outcome } = request;
    this.#totals[outcome.kind]++;
    this.#totals.prompt_tokens += request.sum("promptTokens");
    this.#totals.cached_tokens += request.sum("cachedTokens");
    this.#totals.completion_tokens += request.sum("completionTokens");
    this.#log[outcome.kind === "failed" && outcome.error.status >= 500 ? "warn" : "info"](
      {
        request: request.requestId,
        id: request.id,
        endpoint: request.endpoint,
        model: request.model,
        status: outcome.kind === "finished" ? 200 : outcome.error.status,
        code: outcome.kind === "finished" ? undefined : outcome.error.code,
        promptTokens: request.sum("promptTokens"),
        cachedTokens: request.sum("cachedTokens"),
        completionTokens: request.sum("completionTokens"),
        firstTokenMs: rounded(request.firstTokenMs),
        tokensPerSecond: rounded(request.tokensPerSecond),
        ms: Math.round(request.elapsedMs),
      },
      `request ${outcome.kind}`,
    );
  }
}

const rounded = (value: number | null) => (value === null ? null : Math.round(value * 10) / 10);

const requestNotFound = (id: string) =>
  new ApiError(404, "invalid_request_error", `No request '${id}' is in flight: GET /requests lists them`, {
    code: "request_not_found",
    param: "id",
  });
