import { contextLengthExceeded, engineLost, maxLengthExceeded, queueFull } from "../../src/errors.ts";
import type {
  Activity,
  Engine,
  Estimate,
  EstimateSpec,
  GenerateRequest,
  Generation,
  GenerationEnd,
  LoadedModel,
  LoadHooks,
  LoadSpec,
  ModelInfo,
  Piece,
  Prompt,
} from "../../src/engine/engine.ts";
import { noActivity } from "../../src/engine/no-activity.ts";
import { fakeEstimate } from "./fake-estimate.ts";

/** What a fake model does; every field may be changed while it runs. */
export interface FakeScript {
  /** The answer, one piece per token. */
  pieces: string[];
  /** Why the answer ends when all pieces are out. */
  finishReason: "stop" | "length";
  loadMs: number;
  /** No load ends before this does. */
  loadGate: Promise<void> | null;
  loadError: Error | null;
  /** How long its process takes to end, in milliseconds. */
  unloadMs: number;
  /** Time to the first token, in milliseconds. */
  prefillMs: number;
  /** Time between tokens, in milliseconds. */
  decodeMs: number;
  cachedTokens: number;
  slots: number;
  contextLength: number;
  /** Of the weights in an estimate, in bytes. */
  weightBytes: number;
  /** Thrown instead of the piece of this index. */
  failAt: { index: number; error: Error } | null;
  /** What its models say of themselves besides. */
  info: Partial<ModelInfo>;
}

/** An engine that answers from a script; prompts are counted as one token per word. */
export class FakeEngine implements Engine {
  readonly models: FakeModel[] = [];
  /** Every estimate it was asked for. */
  readonly estimates: EstimateSpec[] = [];
  readonly script: FakeScript;

  constructor(script: Partial<FakeScript> = {}) {
    this.script = {
      pieces: ["Hello", " wor", "ld"],
      finishReason: "stop",
      loadMs: 0,
      loadGate: null,
      loadError: null,
      unloadMs: 0,
      prefillMs: 0,
      decodeMs: 0,
      cachedTokens: 0,
      slots: 4,
      contextLength: 2048,
      weightBytes: 4_000_000,
      failAt: null,
      info: {},
      ...script,
    };
  }

  async load(spec: LoadSpec, hooks: LoadHooks): Promise<LoadedModel> {
    hooks.signal.throwIfAborted();
    hooks.onProgress(0.5);
    if (this.script.loadMs > 0) await pause(this.script.loadMs, hooks.signal);
    if (this.script.loadGate) await Promise.race([this.script.loadGate, aborted(hooks.signal)]);
    if (this.script.loadError) throw this.script.loadError;
    hooks.onProgress(1);
    const model = new FakeModel(spec, this.script);
    this.models.push(model);
    return model;
  }

  async estimate(spec: EstimateSpec, signal: AbortSignal): Promise<Estimate> {
    signal.throwIfAborted();
    this.estimates.push(spec);
    return fakeEstimate(spec, this.script);
  }
}

export class FakeModel implements LoadedModel {
  readonly info: ModelInfo;
  readonly activity: Activity = noActivity();
  /** Every request it was given. */
  readonly requests: GenerateRequest[] = [];
  /** Requests that ended before their last piece because the client left. */
  cancelled = 0;
  unloaded = false;
  readonly gone: Promise<string | null>;
  readonly spec: LoadSpec;
  readonly #script: FakeScript;
  readonly #end = Promise.withResolvers<string | null>();
  /** Aborts what runs when the engine ends. */
  readonly #life = new AbortController();

  constructor(spec: LoadSpec, script: FakeScript) {
    this.spec = spec;
    this.#script = script;
    this.gone = this.#end.promise;
    this.info = {
      architecture: "llama",
      quantisation: "F32",
      parameters: 1_000_000,
      fileSize: 4_000_000,
      trainedContextLength: 4096,
      contextLength: spec.contextLength ?? script.contextLength,
      slots: Math.min(spec.parallel, script.slots),
      hasChatTemplate: true,
      device: "cpu",
      layers: { gpu: 0, total: 2 },
      memory: { weights: 4_000_000, kvCache: 1_000_000, compute: 500_000, gpu: 0 },
      loadTimeMs: script.loadMs,
      pid: null,
      notes: [],
      ...script.info,
    };
  }

  /** The engine dies, as a crashed process does. */
  crash(reason = "killed by a test"): void {
    this.#life.abort(engineLost(reason));
    this.#end.resolve(reason);
  }

  async generate(request: GenerateRequest, signal: AbortSignal): Promise<Generation> {
    signal.throwIfAborted();
    this.#life.signal.throwIfAborted();
    this.requests.push(request);
    const promptTokens = (await this.tokenize(request.prompt, { param: request.promptParam })).length;
    const { maxTokens, maxTotalTokens } = request;
    if (maxTotalTokens !== null && promptTokens >= maxTotalTokens)
      throw maxLengthExceeded(promptTokens, maxTotalTokens);
    if (this.activity.busySlots >= this.info.slots && this.activity.queued >= this.spec.queueLimit)
      throw queueFull(this.activity.queued);
    const room = (maxTotalTokens ?? Infinity) - promptTokens;
    const run = new FakeRun(this.activity, Math.min(this.#script.pieces.length, maxTokens ?? Infinity, room));
    const either = AbortSignal.any([signal, this.#life.signal]);
    // A generator that was never started has no `finally`, and the slot is to be free all the same.
    either.addEventListener("abort", () => this.#free(run), { once: true });
    return { promptTokens, pieces: this.#answer(run, either) };
  }

  async tokenize(prompt: Prompt, fit?: { param: string }): Promise<number[]> {
    const tokens = prompt.kind === "tokens" ? Array.from(prompt.tokens) : words(prompt);
    if (fit && tokens.length >= this.info.contextLength)
      throw contextLengthExceeded(tokens.length, this.info, fit.param);
    return tokens;
  }

  async detokenize(tokens: number[]): Promise<string[]> {
    return tokens.map((token) => `t${token} `);
  }

  async unload(reason: Error = engineLost("it was unloaded")): Promise<void> {
    this.#life.abort(reason);
    if (this.#script.unloadMs > 0) await Bun.sleep(this.#script.unloadMs);
    this.unloaded = true;
    this.#end.resolve(null);
  }

  #free(run: FakeRun): void {
    if (run.free() && run.done < run.limit && !this.#life.signal.aborted) this.cancelled++;
  }

  async *#answer(run: FakeRun, signal: AbortSignal): AsyncGenerator<Piece, GenerationEnd> {
    try {
      if (this.#script.prefillMs > 0) await pause(this.#script.prefillMs, signal);
      for (const [index, text] of this.#script.pieces.slice(0, run.limit).entries()) {
        if (this.#script.failAt?.index === index) throw this.#script.failAt.error;
        if (index > 0 && this.#script.decodeMs > 0) await pause(this.#script.decodeMs, signal);
        signal.throwIfAborted();
        run.done++;
        this.activity.completionTokens++;
        yield { text, tokens: 1 };
      }
    } finally {
      this.#free(run);
    }
    return {
      finishReason: run.limit < this.#script.pieces.length ? "length" : this.#script.finishReason,
      cachedTokens: this.#script.cachedTokens,
      completionTokens: run.done,
      timings: { queueMs: 0, prefillMs: this.#script.prefillMs, decodeMs: 0 },
    };
  }
}

/** A request that holds a slot until it is freed, once. */
class FakeRun {
  done = 0;
  readonly limit: number;
  readonly #activity: Activity;
  #busy = true;

  constructor(activity: Activity, limit: number) {
    this.limit = limit;
    this.#activity = activity;
    activity.busySlots++;
  }

  free(): boolean {
    const was = this.#busy;
    this.#busy = false;
    if (was) this.#activity.busySlots--;
    return was;
  }
}

/** Rejects with its reason when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  await promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  });
}

/** A token for each. */
function words(prompt: Exclude<Prompt, { kind: "tokens" }>): number[] {
  const text = prompt.kind === "text" ? prompt.text : prompt.messages.map((turn) => turn.content).join(" ");
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((_, index) => index + 1);
}
