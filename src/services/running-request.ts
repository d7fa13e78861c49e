import type { GenerateRequest, Generation, GenerationEnd, LoadedModel, Piece } from "../engine/engine.ts";
import { ApiError, engineFailed, requestCancelled } from "../errors.ts";
import type { Lease } from "./leases.ts";
import type { RequestDefaults } from "./request-defaults.ts";
import type { WaitingRequest } from "./waiting-request.ts";

/** Who asks, as far as a service has to know. */
export interface Caller {
  /** Aborted when the client is gone. */
  signal: AbortSignal;
  /** What the client and the log know the request by. */
  requestId: string | null;
}

/** One of the answers that a request generates. */
export interface Run {
  state: "asked" | "admitted" | "decoding" | "ended";
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

export type Outcome = { kind: "finished" } | { kind: "failed" | "cancelled"; error: ApiError };

interface Opening {
  /** What it was until it had a model. */
  waiting: Pick<WaitingRequest, "id" | "endpoint" | "started" | "begun">;
  lease: Lease;
  /** How long the model is to be kept afterwards, in milliseconds; `null` for ever, nothing as it was deployed. */
  keepMs?: number | null | undefined;
  caller: Caller;
  /** Hears of tokens as they come, and once of the end. */
  onTokens(count: number): void;
  /** @param ms from the beginning, as `firstTokenMs` */
  onFirstToken(ms: number): void;
  onEnd(request: RunningRequest): void;
}

/**
 * A request while it uses a model: it holds the lease, counts, and can be cancelled from outside.
 * Disposing of it ends whatever it still generates, so that no way out of a service leaves a slot busy.
 */
export class RunningRequest implements Disposable {
  readonly id: string;
  readonly endpoint: string;
  readonly requestId: string | null;
  /** The name to echo in the answer. */
  readonly model: string;
  readonly engine: LoadedModel;
  /** Unix time in milliseconds. */
  readonly started: number;
  readonly runs: Run[] = [];

  readonly #begun: number;
  readonly #lease: Lease;
  readonly #opening: Opening;
  readonly #cancel = new AbortController();
  readonly #signal: AbortSignal;
  readonly #pieces: AsyncGenerator<Piece, GenerationEnd>[] = [];
  #error: ApiError | null = null;
  #firstTokenAt: number | null = null;
  #lastTokenAt = 0;

  constructor(opening: Opening) {
    const { waiting, lease, caller } = opening;
    const { id, endpoint, started, begun } = waiting;
    this.started = started;
    this.#begun = begun;
    this.id = id;
    this.endpoint = endpoint;
    this.requestId = caller.requestId;
    this.model = lease.name;
    this.engine = lease.model;
    this.#lease = lease;
    this.#opening = opening;
    this.#signal = AbortSignal.any([caller.signal, this.#cancel.signal]);
  }

  /** What the deployment adds to a request that does not say otherwise. */
  get defaults(): RequestDefaults {
    return this.#lease.defaults;
  }

  /** Unix time in seconds, as answers carry it. */
  get created(): number {
    return Math.floor(this.started / 1000);
  }

  get elapsedMs(): number {
    return performance.now() - this.#begun;
  }

  /** From the beginning to the first token, in milliseconds. */
  get firstTokenMs(): number | null {
    return this.#firstTokenAt === null ? null : this.#firstTokenAt - this.#begun;
  }

  /** Of all its answers together, once they flow; `null` for answers too short to tell. */
  get tokensPerSecond(): number | null {
    const ms = this.#lastTokenAt - (this.#firstTokenAt ?? 0);
    const tokens = this.sum("completionTokens") - 1;
    return this.#firstTokenAt !== null && tokens > 0 && ms > 0 ? (tokens * 1000) / ms : null;
  }

  get outcome(): Outcome {
    const error = this.#error ?? (this.#isComplete() ? null : this.#reasonToStop());
    if (error === null) return { kind: "finished" };
    return { kind: error.code === requestCancelled().code ? "cancelled" : "failed", error };
  }

  sum(count: "promptTokens" | "cachedTokens" | "completionTokens"): number {
    return this.runs.reduce((total, run) => total + run[count], 0);
  }

  /**
   * Starts one answer; resolves when it has a place in the queue.
   * @throws ApiError, also while `pieces` are read: whatever the engine threw, or why the request was cancelled
   */
  async generate(request: Omit<GenerateRequest, "id">): Promise<Generation> {
    const id = this.runs.length === 0 ? this.id : `${this.id}-${this.runs.length}`;
    const run: Run = { state: "asked", promptTokens: 0, cachedTokens: 0, completionTokens: 0 };
    this.runs.push(run);
    const generation = await this.attempt(() => this.engine.generate({ ...request, id }, this.#signal));
    const { promptTokens, pieces } = generation;
    this.#pieces.push(pieces);
    run.state = "admitted";
    run.promptTokens = promptTokens;
    return { promptTokens, pieces: this.#watch(run, pieces) };
  }

  /**
   * Does something on behalf of the request, so that it has failed when that fails.
   * @throws ApiError
   */
  async attempt<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Ends the request with a proper error for its client. */
  cancel(message: string): void {
    this.#cancel.abort(requestCancelled(message));
  }

  [Symbol.dispose](): void {
    this.#opening.onEnd(this);
    this.#cancel.abort(requestCancelled());
    // One that is suspended between two pieces hears of no signal.
    for (const pieces of this.#pieces) pieces[Symbol.asyncDispose]().then(undefined, () => {});
    this.#lease.release(this.#opening.keepMs);
  }

  async *#watch(
    run: Run,
    pieces: AsyncGenerator<Piece, GenerationEnd>,
  ): AsyncGenerator<Piece, GenerationEnd> {
    try {
      let step = await pieces.next();
      while (!step.done) {
        this.#count(run, step.value.tokens);
        yield step.value;
        step = await pieces.next();
      }
      run.state = "ended";
      run.cachedTokens = step.value.cachedTokens;
      this.#count(run, step.value.completionTokens - run.completionTokens);
      return step.value;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #count(run: Run, tokens: number): void {
    if (tokens <= 0) return;
    if (run.state === "admitted") run.state = "decoding";
    run.completionTokens += tokens;
    this.#lastTokenAt = performance.now();
    if (this.#firstTokenAt === null) {
      this.#firstTokenAt = this.#lastTokenAt;
      this.#opening.onFirstToken(this.#firstTokenAt - this.#begun);
    }
    this.#opening.onTokens(tokens);
  }

  #isComplete(): boolean {
    return this.runs.length > 0 && this.runs.every((run) => run.state === "ended");
  }

  /** Notes why the request failed, in the form in which its client should hear of it; the first reason stands. */
  #fail(error: unknown): ApiError {
    this.#error ??= this.#explain(error);
    return this.#error;
  }

  #explain(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    return this.#signal.aborted ? this.#reasonToStop() : engineFailed(error);
  }

  #reasonToStop(): ApiError {
    const reason: unknown = this.#signal.reason;
    return reason instanceof ApiError ? reason : requestCancelled("The client closed the connection");
  }
}
