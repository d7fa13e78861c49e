import type { GgufInsights, Llama, LlamaContext, LlamaModel } from "node-llama-cpp";
import type { SamplerConfig } from "./sampling.ts";

/*
 * Every use of something node-llama-cpp keeps internal, and nothing else. The version is pinned exactly;
 * `test/e2e/binding.test.ts` holds each promise made here against the installed package.
 *
 * Why below the public API at all: its own batching alternates between sequences instead of batching them, a
 * prompt starves running answers, and an error thrown while one sequence samples leaves every sequence of that
 * batch waiting for ever. The native context has none of these; it only needs somebody to own the step.
 */

interface AddonContext {
  initBatch(size: number): void;
  addToBatch(sequence: number, position: number, tokens: Uint32Array, logitsAt: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
  sampleToken(logits: number, sampler: Sampler): Promise<number>;
  disposeSequence(sequence: number): void;
  removeTokenCellsFromSequence(sequence: number, start: number, end: number): boolean;
  getSequenceKvCacheMinPosition(sequence: number): number;
  setThreads(threads: number): void;
  restoreCheckpoint(checkpoint: Checkpoint, lastPosition: number, sequence: number): Promise<boolean>;
}

interface AddonModel {
  getTokenString(token: number): string;
  tokenize(text: string, special: boolean): Uint32Array;
}

interface Bindings {
  AddonJinjaRenderer: new (template: string) => TemplateRenderer;
  AddonSampler: new (model: AddonModel) => NativeSampler;
  AddonContextSequenceCheckpoint: new () => NativeCheckpoint;
}

interface NativeSampler extends Sampler {
  applyConfig(config: SamplerConfig): void;
}

interface NativeCheckpoint extends Checkpoint {
  init(context: AddonContext, sequence: number): Promise<void>;
}

const bindingsOf = (llama: Llama) => (llama as unknown as { _bindings: Bindings })._bindings;
const nativeModel = (model: LlamaModel) => (model as unknown as { _model: AddonModel })._model;

/** llama.cpp's own Jinja engine, holding one compiled template. */
export interface TemplateRenderer {
  /** @throws Error with what the template raised */
  render(variables: Record<string, unknown>): string;
}

/** @throws Error when the template does not parse */
export const compileTemplate = (llama: Llama, template: string): TemplateRenderer =>
  new (bindingsOf(llama).AddonJinjaRenderer)(template);

/** A sampler chain with its own random state and penalty history; native memory until disposed. */
export interface Sampler {
  dispose(): void;
}

/** The state of one sequence at some position, for models whose state can not be cut back. */
export interface Checkpoint {
  readonly size: number;
  /** The last position it holds. */
  readonly maxPos: number;
  dispose(): void;
}

/** The token as the file spells it, e.g. `Ġhello`, `▁hello` or `<0x0A>`. */
export const rawTokenText = (model: LlamaModel, token: number) => nativeModel(model).getTokenString(token);

/** Without a copy into a plain array; no BOS is added. */
export const tokenizeText = (model: LlamaModel, text: string, parseSpecial: boolean): Uint32Array =>
  text === "" ? new Uint32Array() : nativeModel(model).tokenize(text, parseSpecial);

/** Lets several estimates of one file share what they parsed. */
export interface EstimateSession {
  dispose(): Promise<void>;
}

export const estimateSession = (insights: GgufInsights): EstimateSession =>
  (insights as unknown as { _createSimulatorSession(): EstimateSession })._createSimulatorSession();

/** The option that hands an `EstimateSession` to the estimators. */
export const withSession = (session: EstimateSession) => ({ _simulatorSession: session });

const NO_LOGITS = new Uint32Array();

/**
 * The native side of one context: KV cells of its sequences, batches and sampling.
 * Nothing here may be called while `decode` is pending. While `sample` is, more of it may, and what concerns cells:
 * sampling reads logits alone.
 */
export class NativeContext {
  readonly #context: AddonContext;
  readonly #bindings: Bindings;
  readonly #model: AddonModel;
  /** Held so that it is not collected, which would free the native one. */
  readonly owner: LlamaContext;
  /** Most tokens of one batch. */
  readonly batchSize: number;

  constructor(context: LlamaContext) {
    this.owner = context;
    this.#context = (context as unknown as { _ctx: AddonContext })._ctx;
    this.#bindings = bindingsOf(context.model.llama);
    this.#model = nativeModel(context.model);
    this.batchSize = context.batchSize;
  }

  /** Opens a batch of exactly `size` tokens. */
  begin(size: number): void {
    this.#context.initBatch(size);
  }

  /** @returns where to sample after the last of `tokens`, or -1 when no logits were asked for */
  add(sequence: number, position: number, tokens: Uint32Array, wantLogits: boolean): number {
    const at = wantLogits ? Uint32Array.of(tokens.length - 1) : NO_LOGITS;
    return this.#context.addToBatch(sequence, position, tokens, at)[0] ?? -1;
  }

  /** @returns where to sample after each of `tokens` */
  addAll(sequence: number, position: number, tokens: Uint32Array): number[] {
    const every = Uint32Array.from(tokens, (_, index) => index);
    return Array.from(this.#context.addToBatch(sequence, position, tokens, every));
  }

  /** Evaluates the open batch on llama.cpp's threads, leaving the JavaScript thread free. */
  decode(threads: number): Promise<void> {
    this.#context.setThreads(threads);
    return this.#context.decodeBatch();
  }

  /** @throws Error when nothing can be sampled, e.g. because every token is banned */
  async sample(logits: number, sampler: Sampler): Promise<number> {
    const token = await this.#context.sampleToken(logits, sampler);
    if (token < 0) throw new Error("no token can be sampled");
    return token;
  }

  createSampler(config: SamplerConfig): Sampler {
    const sampler = new this.#bindings.AddonSampler(this.#model);
    try {
      sampler.applyConfig(config);
    } catch (error) {
      sampler.dispose();
      throw error;
    }
    return sampler;
  }

  /** Forgets everything of a sequence; works whatever state it is in. */
  clear(sequence: number): void {
    this.#context.disposeSequence(sequence);
  }

  /** @returns false when this model's state can not be cut, which leaves it as it was */
  removeFrom(sequence: number, position: number): boolean {
    return this.#context.removeTokenCellsFromSequence(sequence, position, -1);
  }

  /** The first position whose cells are still there; above 0 with sliding windows and recurrent states, -1 when empty. */
  firstPosition(sequence: number): number {
    return this.#context.getSequenceKvCacheMinPosition(sequence);
  }

  async checkpoint(sequence: number): Promise<Checkpoint> {
    const checkpoint = new this.#bindings.AddonContextSequenceCheckpoint();
    await checkpoint.init(this.#context, sequence);
    return checkpoint;
  }

  /** @returns false when the state could not be restored; the sequence must then be cleared */
  restore(sequence: number, checkpoint: Checkpoint): Promise<boolean> {
    return this.#context.restoreCheckpoint(checkpoint, checkpoint.maxPos, sequence);
  }
}
