import { ApiError, type ModelField } from "../errors.ts";
import type { Log } from "../log.ts";
import type { RequestStatistics, RequestStatus } from "../schemas/request.ts";
import { toKeepMs } from "./keep-alive.ts";
import type { Lease } from "./leases.ts";
import type { OnDemandModels } from "./on-demand.ts";
import { RateMeter } from "./rate-meter.ts";
import { RecentMean } from "./recent-mean.ts";
import { statesOf } from "./request-states.ts";
import { type Caller, RunningRequest } from "./running-request.ts";
import { WaitingRequest } from "./waiting-request.ts";

/** What kind of request it is. */
export interface RequestKind {
  /** Of the id, as OpenAI clients know it: `chatcmpl-`, `cmpl-`. */
  prefix: string;
  endpoint: string;
  /** Of its body, that names the model. */
  modelField: ModelField;
}

/** Every request that uses a model: which run, what became of the others. The one place that logs them. */
export class RequestRegistry {
  readonly #models: Pick<OnDemandModels, "acquire">;
  readonly #log: Log;
  /** Those whose model is not there yet. */
  readonly #waiting = new Map<string, WaitingRequest>();
  readonly #running = new Map<string, RunningRequest>();
  readonly #decoded = new RateMeter();
  readonly #firstTokens = new RecentMean();
  readonly #totals = {
    finished: 0,
    failed: 0,
    cancelled: 0,
    prompt_tokens: 0,
    cached_tokens: 0,
    completion_tokens: 0,
  };

  constructor({ models, log }: { models: Pick<OnDemandModels, "acquire">; log: Log }) {
    this.#models = models;
    this.#log = log;
  }

  /**
   * Takes a model for a request, the current one when `model` names none, and waits for it to be loaded.
   * To be disposed of when the answer is out, which gives the model back.
   * @param keepAlive how long the model is to stay in memory after this request, as `toKeepMs` reads it
   * @throws ApiError when there is no such model, it can not be loaded, or the request is cancelled meanwhile
   */
  async open(
    { prefix, endpoint, modelField }: RequestKind,
    { model, keep_alive }: { model?: string | null; keep_alive?: number | string | null },
    caller: Caller,
  ): Promise<RunningRequest> {
    const keepMs = toKeepMs(keep_alive, "keep_alive");
    const id = prefix + crypto.randomUUID().replaceAll("-", "");
    const waiting = new WaitingRequest(id, endpoint, model ?? null, caller);
    const request = new RunningRequest({
      waiting,
      lease: await this.#acquire(waiting, modelField, caller),
      keepMs,
      caller,
      onTokens: (count) => this.#decoded.add(count),
      onFirstToken: (ms) => this.#firstTokens.add(ms),
      onEnd: (ended) => this.#close(ended),
    });
    this.#running.set(id, request);
    return request;
  }

  /** Oldest first. */
  list(): RequestStatus[] {
    const running = [...this.#running.values()];
    const states = statesOf(running);
    const waiting = Array.from(this.#waiting.values(), (request) => request.status());
    const others = running.map((request, index) => ({
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
    return [...others, ...waiting].toSorted((a, b) => a.started - b.started);
  }

  /**
   * Ends a request; its client gets the error `request_cancelled`.
   * @throws ApiError 404 `request_not_found`
   */
  cancel(id: string): void {
    const request = this.#running.get(id) ?? this.#waiting.get(id);
    if (!request) throw requestNotFound(id);
    request.cancel("The request was cancelled by the operator of this server");
  }

  statistics(): RequestStatistics {
    return {
      running: this.#running.size + this.#waiting.size,
      ...this.#totals,
      tokens_per_second: this.#decoded.rate(),
      first_token_ms: rounded(this.#firstTokens.mean()),
    };
  }

  async #acquire(waiting: WaitingRequest, field: ModelField, { requestId }: Caller): Promise<Lease> {
    const { id, endpoint, model } = waiting;
    this.#waiting.set(id, waiting);
    try {
      return await this.#models.acquire(model ?? undefined, waiting.signal, field);
    } catch (error) {
      const { status, code } = error instanceof ApiError ? error : { status: 500, code: null };
      this.#log.info({ request: requestId, endpoint, model, status, code }, "request refused");
      throw error;
    } finally {
      this.#waiting.delete(id);
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
        prompt_tokens: request.sum("promptTokens"),
        cached_tokens: request.sum("cachedTokens"),
        completion_tokens: request.sum("completionTokens"),
        first_token_ms: rounded(request.firstTokenMs),
        tokens_per_second: rounded(request.tokensPerSecond),
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
