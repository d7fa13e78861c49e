import type { LlamaModel } from "node-llama-cpp";
import { loadFailed } from "../../errors.ts";
import type { LoadSpec, MemoryUse } from "../engine.ts";
import { DEFAULT_CONTEXT, type Fit } from "../fit.ts";
import type { Backend } from "./backend.ts";
import { NativeContext, rawTokenText } from "./binding.ts";
import type { LlamaLog } from "./llama-log.ts";
import { worthMapping } from "./rearranged.ts";
import { batchSize, MemoryJudge, type MemorySpec, memoryUse, withoutEngine } from "./memory.ts";
import { type ModelFileFacts, readModelFile } from "./model-file.ts";
import { Slot } from "./slots.ts";

/** A smaller model that guesses what a larger one says. */
export interface DraftModel {
  context: NativeContext;
  /** By sequence of the larger model. */
  slots: Slot[];
  memory: MemoryUse;
}

/** What it will take, of the larger model's budget. */
export interface DraftNeed {
  facts: ModelFileFacts;
  memory: MemoryUse;
}

type DraftSpec = MemorySpec & Pick<LoadSpec, "draft">;

/**
 * What the draft model takes beside one of `trained` tokens, with all the context and slots asked for.
 * @returns `null` when there is none
 * @throws ApiError `model_load_failed` when the file is no model that could guess for another
 */
export async function draftNeed(
  spec: DraftSpec,
  backend: Backend,
  trained: number,
): Promise<DraftNeed | null> {
  if (spec.draft === null) return null;
  const facts = await readModelFile(spec.draft, backend.llama);
  const { insights } = facts;
  if (insights.swaSize || insights.isHybrid || insights.isRecurrent)
    throw refused("it can not take a wrong guess back, for its state can not be cut at any token");
  const wanted = spec.contextLength ?? Math.min(trained, DEFAULT_CONTEXT);
  const gpuLayers = backend.device === "cpu" ? 0 : insights.totalLayers;
  await using judge = await MemoryJudge.create(plain(spec), backend, facts);
  const memory = await judge.use({ contextLength: wanted, slots: spec.parallel, gpuLayers });
  return { facts, memory: withoutEngine(memory) };
}

/** @throws ApiError `model_load_failed` when its vocabulary is another one than that of `model` */
export async function loadDraft(
  path: string,
  { facts }: DraftNeed,
  { llama, device }: Backend,
  model: LlamaModel,
  { contextLength, slots }: Fit,
  { spec, log }: { spec: LoadSpec; log: LlamaLog },
): Promise<DraftModel> {
  const draft = await llama.loadModel({
    modelPath: path,
    gpuLayers: device === "cpu" ? 0 : facts.insights.totalLayers,
    useMmap: device !== "cpu" || worthMapping(facts.tensorTypes),
    ignoreMemorySafetyChecks: true,
  });
  assertSameVocabulary(draft, model);
  log.beginAttempt();
  const context = await draft.createContext({
    sequences: slots,
    contextSize: contextLength,
    batchSize: batchSize(contextLength, slots),
    threads: spec.threads,
    failedCreationRemedy: false,
    ignoreMemorySafetyChecks: true,
  });
  const native = new NativeContext(context);
  return {
    context: native,
    slots: Array.from({ length: slots }, (_, sequence) => new Slot(sequence, contextLength, native)),
    memory: withoutEngine(memoryUse(draft, context, facts, { contextLength, slots }, log)),
  };
}

/** Its context is as long as the larger model's, and in the plain format. */
const plain = (spec: DraftSpec): MemorySpec => ({ ...spec, kvCacheType: "f16", flashAttention: "auto" });

/** A guess is a token's number, so every number has to mean the same to both. */
function assertSameVocabulary(draft: LlamaModel, model: LlamaModel): void {
  const sizeOf = ({ fileInfo }: LlamaModel) => fileInfo.metadata.tokenizer?.ggml?.tokens?.length ?? 0;
  const size = sizeOf(model);
  if (sizeOf(draft) !== size)
    throw refused(`its vocabulary has ${sizeOf(draft)} tokens, and the model's ${size}`);
  for (let token = 0; token < size; token++)
    if (rawTokenText(draft, token) !== rawTokenText(model, token))
      throw refused(`its vocabulary is another one: the two differ in token ${token}`);
}

const refused = (why: string) =>
  loadFailed(`The draft model can not guess for this model: ${why}`, "model_load_failed", "draft_model");
