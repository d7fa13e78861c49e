import { GgmlType, type LlamaContext, type LlamaModel } from "node-llama-cpp";
import type { LoadSpec, MemoryUse, Need } from "../engine.ts";
import { type Fit, fit, type FitRequest, type MemoryEstimator } from "../fit.ts";
import type { Backend } from "./backend.ts";
import { estimateSession, withSession } from "./binding.ts";
import type { LlamaLog } from "./llama-log.ts";
import type { ModelFileFacts } from "./model-file.ts";

/** What decides how much memory a model takes. */
export type MemorySpec = Pick<
  LoadSpec,
  "contextLength" | "parallel" | "gpuLayers" | "kvCacheType" | "flashAttention" | "memoryBudget"
>;

/** llama.cpp's own default: more gains little and makes the compute buffers large. */
const BATCH_SIZE = 512;
/** Left free on the GPU for whatever else needs it. */
const VRAM_PADDING = 256 * 2 ** 20;

/** Of an engine process before any weights, and what a token of the vocabulary adds; measured as growth of its Pss. */
const ENGINE_BYTES = 22 * 2 ** 20;
const VOCABULARY_BYTES = 700;

/** What a model would take on the device of `backend`, as llama.cpp itself works it out without loading it. */
export class MemoryJudge implements AsyncDisposable {
  readonly #facts: ModelFileFacts;
  readonly #spec: MemorySpec;
  readonly #onCpu: boolean;
  /** Bytes that are free, with what is reserved. */
  readonly free: Need;
  readonly #request: FitRequest;
  readonly #session;

  private constructor(
    spec: MemorySpec,
    facts: ModelFileFacts,
    { free, request, onCpu }: { free: Need; request: FitRequest; onCpu: boolean },
  ) {
    this.free = free;
    this.#spec = spec;
    this.#facts = facts;
    this.#request = request;
    this.#onCpu = onCpu;
    this.#session = estimateSession(facts.insights);
  }

  /**
   * To be disposed of: llama.cpp keeps what it read of the file until then.
   * @param reserved bytes that something else of this deployment takes
   */
  static async create(
    spec: MemorySpec,
    { llama, device }: Backend,
    facts: ModelFileFacts,
    reserved: Need = { ram: 0, vram: 0 },
  ): Promise<MemoryJudge> {
    const onCpu = device === "cpu";
    const vram = onCpu ? { free: 0, unifiedSize: 0 } : await llama.getVramState();
    const free = { ram: spec.memoryBudget, vram: Math.max(0, vram.free - VRAM_PADDING) };
    const request = {
      contextLength: spec.contextLength,
      parallel: spec.parallel,
      gpuLayers: onCpu ? 0 : spec.gpuLayers,
      trainedContextLength: facts.trainedContextLength,
      totalLayers: onCpu ? 0 : facts.insights.totalLayers,
      ram: Math.max(0, free.ram - reserved.ram),
      vram: Math.max(0, free.vram - reserved.vram),
      unified: vram.unifiedSize > 0,
    };
    return new MemoryJudge(spec, facts, { free, request, onCpu });
  }

  /** Bytes that may be taken. */
  get budget(): Need {
    return { ram: this.#request.ram, vram: this.#request.vram };
  }

  /**
   * The best that fits, of what was asked for unless `changes` say otherwise.
   * @throws ApiError as `fit` does
   */
  fit(changes: Partial<FitRequest> = {}): Promise<Fit> {
    return fit({ ...this.#request, ...changes }, this.#estimator());
  }

  /** What one plan takes, whether it fits or not. */
  async use(plan: Pick<Fit, "contextLength" | "slots" | "gpuLayers">): Promise<MemoryUse> {
    const { weights, context } = this.#estimator();
    const [model, buffers] = await Promise.all([weights(plan.gpuLayers), context(plan)]);
    const all = buffers.ram + buffers.vram;
    const kvCache = Math.min(all, await this.#cache(plan));
    return {
      weights: model.ram + model.vram,
      kvCache,
      compute: all - kvCache,
      gpu: model.vram + buffers.vram,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.dispose();
  }

  #estimator(kvCacheType = this.#spec.kvCacheType): MemoryEstimator {
    const { insights, addedBytes } = this.#facts;
    const options = withSession(this.#session);
    return {
      weights: async (gpuLayers) => {
        const { cpuRam, gpuVram } = await insights.estimateModelResourceRequirementsV2({
          gpuLayers,
          ...options,
        });
        const shareOfCpu = Math.max(0, 1 - gpuLayers / insights.totalLayers);
        return { ram: cpuRam + Math.round(addedBytes * shareOfCpu), vram: gpuVram };
      },
      context: async ({ contextLength, slots, gpuLayers }) => {
        const { flashAttention, key, value } = cacheOptions({ ...this.#spec, kvCacheType });
        const { cpuRam, gpuVram } = await insights.estimateContextResourceRequirementsV2({
          contextSize: contextLength,
          sequences: slots,
          modelGpuLayers: gpuLayers,
          batchSize: batchSize(contextLength, slots),
          flashAttention,
          kvCacheKeyType: key,
          kvCacheValueType: value,
          ...options,
        });
        const unused = this.#onCpu ? unusedLogits(this.#facts, contextLength, slots, cpuRam) : 0;
        return { ram: cpuRam - unused + engineBytes(this.#facts), vram: gpuVram };
      },
    };
  }

  /**
   * Of the context, the KV cache. llama.cpp tells only both together, but between two types of cache nothing else
   * differs: a number takes 16 bits as F16 and 8.5 as Q8_0.
   */
  async #cache(plan: Pick<Fit, "contextLength" | "slots" | "gpuLayers">): Promise<number> {
    if (this.#spec.flashAttention === false) return 0;
    const [wide, narrow] = await Promise.all([
      this.#estimator("f16").context(plan),
      this.#estimator("q8_0").context(plan),
    ]);
    const perBit = (wide.ram + wide.vram - narrow.ram - narrow.vram) / (16 - 8.5);
    return Math.max(0, Math.round(perBit * (this.#spec.kvCacheType === "q8_0" ? 8.5 : 16)));
  }
}

export const NOTHING: Readonly<MemoryUse> = { weights: 0, kvCache: 0, compute: 0, gpu: 0 };

export const together = (a: MemoryUse, b: MemoryUse): MemoryUse => ({
  weights: a.weights + b.weights,
  kvCache: a.kvCache + b.kvCache,
  compute: a.compute + b.compute,
  gpu: a.gpu + b.gpu,
});

export const needOf = ({ weights, kvCache, compute, gpu }: MemoryUse): Need => ({
  ram: weights + kvCache + compute - gpu,
  vram: gpu,
});

/** Of a model that shares its engine process with another one, which counts that already. */
export const withoutEngine = (memory: MemoryUse): MemoryUse => ({
  ...memory,
  compute: Math.max(0, memory.compute - ENGINE_BYTES),
});

/** How both the estimate and the context keep keys and values. */
export function cacheOptions({
  kvCacheType,
  flashAttention,
}: Pick<MemorySpec, "kvCacheType" | "flashAttention">) {
  const type = kvCacheType === "q8_0" ? GgmlType.Q8_0 : GgmlType.F16;
  return { flashAttention, key: type, value: type };
}

/** Tokens decoded together at most. */
export const batchSize = (contextLength: number, slots: number) =>
  Math.max(slots, Math.min(BATCH_SIZE, contextLength * slots));

/** What a model in memory takes, by llama.cpp's own account. */
export function memoryUse(
  model: LlamaModel,
  context: LlamaContext,
  facts: ModelFileFacts,
  { contextLength, slots }: Pick<Fit, "contextLength" | "slots">,
  log: LlamaLog,
): MemoryUse {
  const { ram, vram } = context.memoryUsage;
  const weights = model.memoryUsage;
  const kvCache = Math.min(log.kvCache, ram + vram);
  const unused = model.gpuLayers > 0 ? 0 : unusedLogits(facts, contextLength, slots, ram - kvCache);
  return {
    weights: weights.ram + weights.vram,
    kvCache,
    compute: ram + vram - kvCache - unused + engineBytes(facts),
    gpu: weights.vram + vram,
  };
}

/**
 * llama.cpp reserves room for the logits of every token of a batch, and only the last one of each slot is ever
 * wanted. On a processor the pages that are never written take no memory, and for a large vocabulary that is
 * hundreds of megabytes; a GPU has no such pages.
 */
function unusedLogits(facts: ModelFileFacts, contextLength: number, slots: number, buffers: number): number {
  const rows = Math.max(0, batchSize(contextLength, slots) - slots);
  return Math.min(rows * facts.vocabularySize * Float32Array.BYTES_PER_ELEMENT, Math.max(0, buffers));
}

const engineBytes = ({ vocabularySize }: ModelFileFacts) => ENGINE_BYTES + vocabularySize * VOCABULARY_BYTES;
