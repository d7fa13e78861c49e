import { InsufficientMemoryError, type LlamaContext, type LlamaModel } from "node-llama-cpp";
import { ApiError, insufficientMemory, loadFailed } from "../../errors.ts";
import type { LoadSpec, ModelInfo, Need } from "../engine.ts";
import type { Fit } from "../fit.ts";
import { type Backend, startBackend } from "./backend.ts";
import { needBeside } from "./beside.ts";
import { NativeContext } from "./binding.ts";
import { Checkpoints } from "./checkpoints.ts";
import { probeDevices } from "./device-probe.ts";
import { type DraftModel, loadDraft } from "./draft-model.ts";
import type { LlamaLog } from "./llama-log.ts";
import { worthMapping } from "./rearranged.ts";
import { batchSize, cacheOptions, MemoryJudge, memoryUse, needOf, together } from "./memory.ts";
import { type ModelFileFacts, readModelFile } from "./model-file.ts";
import { type Cells, Slot } from "./slots.ts";
import { Speed } from "./speed.ts";
import { ChatTemplate } from "./template.ts";
import { Vocabulary } from "./vocabulary.ts";

/** A model in memory with everything the step loop needs. */
export interface Loaded {
  info: ModelInfo;
  context: NativeContext;
  /** Guesses ahead, where there is one. */
  draft: DraftModel | null;
  /** One slot for each sequence, empty; on `cells` other than the context's own to watch them. */
  createSlots(cells?: Cells): Slot[];
  vocabulary: Vocabulary;
  template: ChatTemplate | null;
  speed: Speed;
}

/** Share of the progress that belongs to the weights; the context takes the rest. */
const WEIGHTS_SHARE = 0.95;

/**
 * Loads a model as `spec` asks, or as fits best.
 * @throws ApiError `device_unavailable`, `model_load_failed` or `insufficient_memory` with the loader's reason
 */
export async function load(
  spec: LoadSpec,
  log: LlamaLog,
  onProgress: (fraction: number) => void,
): Promise<Loaded> {
  const started = performance.now();
  const backend = await startBackend(spec.device, probeDevices(), spec.threads, log);
  const facts = await readModelFile(spec.path, backend.llama);
  const beside = await needBeside(spec, backend, facts.trainedContextLength);
  const chosen = await fitModel(spec, backend, facts, needOf(beside.memory));
  const model = await loadWeights(spec, backend, facts, chosen, log, onProgress);
  const context = await createContext(model, chosen, spec, log);
  const vocabulary = new Vocabulary(model);
  const { template, note } = chatTemplate(model, vocabulary);
  const native = new NativeContext(context);
  const memory = together(memoryUse(model, context, facts, chosen, log), beside.adapters);
  const draft =
    spec.draft !== null && beside.draft
      ? await loadDraft(spec.draft, beside.draft, backend, model, chosen, { spec, log })
      : null;
  const notes = [...backend.notes, ...chosen.notes];
  if (note !== null) notes.push(note);
  // With the device named in the request, the answer to that has told.
  if (spec.device === "auto" && backend.device === "cpu" && spec.gpuLayers)
    notes.push("gpu_layers has no effect: the model runs on the CPU");
  onProgress(1);
  return {
    info: {
      architecture: facts.architecture,
      quantisation: facts.quantisation,
      parameters: facts.insights.totalParameters,
      fileSize: await fileSize(spec.path, facts),
      trainedContextLength: facts.trainedContextLength,
      contextLength: chosen.contextLength,
      slots: chosen.slots,
      hasChatTemplate: template !== null,
      device: backend.device,
      layers: { gpu: chosen.gpuLayers, total: facts.insights.totalLayers },
      memory: draft ? together(memory, draft.memory) : memory,
      loadTimeMs: Math.round(performance.now() - started),
      pid: process.pid,
      notes,
    },
    context: native,
    draft,
    createSlots: slotMaker(native, facts, chosen, spec.memoryBudget),
    vocabulary,
    template,
    speed: expectedSpeed(spec, facts, chosen),
  };
}

async function fitModel(
  spec: LoadSpec,
  backend: Backend,
  facts: ModelFileFacts,
  reserved: Need,
): Promise<Fit> {
  await using judge = await MemoryJudge.create(spec, backend, facts, reserved);
  // Awaited here: what the judge keeps is let go of at the end of this scope.
  return await judge.fit();
}

async function loadWeights(
  spec: LoadSpec,
  { llama, device }: Backend,
  { tensorTypes }: ModelFileFacts,
  { gpuLayers }: Fit,
  log: LlamaLog,
  onProgress: (fraction: number) => void,
): Promise<LlamaModel> {
  log.beginAttempt();
  try {
    return await llama.loadModel({
      modelPath: spec.path,
      gpuLayers,
      // A model that was forced in may be larger than memory: a map can be read again piece by piece.
      useMmap: device !== "cpu" || spec.memoryBudget === Infinity || worthMapping(tensorTypes),
      // What fits was worked out above, from limits the library does not know of.
      ignoreMemorySafetyChecks: true,
      onLoadProgress: (fraction) => onProgress(fraction * WEIGHTS_SHARE),
    });
  } catch (error) {
    throw explained(error, log);
  }
}

async function createContext(
  model: LlamaModel,
  { contextLength, slots }: Fit,
  spec: LoadSpec,
  log: LlamaLog,
): Promise<LlamaContext> {
  const { flashAttention, key, value } = cacheOptions(spec);
  const adapters = spec.loras.map(({ path, scale }) => ({ filePath: path, scale }));
  log.beginAttempt();
  try {
    return await model.createContext({
      sequences: slots,
      contextSize: contextLength,
      batchSize: batchSize(contextLength, slots),
      threads: spec.threads,
      flashAttention,
      experimentalKvCacheKeyType: key,
      experimentalKvCacheValueType: value,
      ...(adapters.length > 0 && { lora: { adapters } }),
      failedCreationRemedy: false,
      ignoreMemorySafetyChecks: true,
    });
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (spec.loras.length > 0 && /lora/i.test(String(error)))
      throw loadFailed(`llama.cpp could not load an adapter: ${log.reason() ?? String(error)}`);
    throw insufficientMemory(
      `llama.cpp could not create a context of ${slots} times ${contextLength} tokens: ${log.reason() ?? String(error)}`,
    );
  }
}

function explained(error: unknown, log: LlamaLog): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InsufficientMemoryError) return insufficientMemory(message);
  return loadFailed(`llama.cpp could not load the file: ${log.reason() ?? message}`);
}

function chatTemplate(
  model: LlamaModel,
  vocabulary: Vocabulary,
): { template: ChatTemplate | null; note: string | null } {
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  if (typeof source !== "string" || source === "") return { template: null, note: null };
  try {
    const template = ChatTemplate.compile(model.llama, source, {
      bosText: vocabulary.bosText,
      eosText: vocabulary.eosText,
      controlTexts: vocabulary.controlTexts,
    });
    return { template, note: null };
  } catch {
    return {
      template: null,
      note: "the file's chat template can not be read by llama.cpp; messages are joined as plain text",
    };
  }
}

function slotMaker(
  context: NativeContext,
  { insights }: ModelFileFacts,
  { contextLength, slots, need }: Fit,
  budget: number,
): Loaded["createSlots"] {
  const window = insights.swaSize ?? 0;
  const cutsAnywhere = window === 0 && !insights.isHybrid && !insights.isRecurrent;
  // Half of what is left over, within reason.
  const spare = Math.min(2 ** 30, Math.max(0, budget - need.ram) / 2) / slots;
  return (cells = context) =>
    Array.from({ length: slots }, (_, sequence) => {
      const checkpoints = cutsAnywhere ? null : new Checkpoints(sequence, context, spare);
      return new Slot(sequence, contextLength, cells, window, checkpoints);
    });
}

/** Until steps are measured: 10 billion operations a second and thread, a trillion where the GPU does it all. */
function expectedSpeed(spec: LoadSpec, { insights }: ModelFileFacts, { gpuLayers }: Fit): Speed {
  const onGpu = gpuLayers > 0 && gpuLayers >= insights.totalLayers;
  const perSecond = onGpu ? 1e12 : spec.threads * 1e10;
  return new Speed({
    pauseMs: spec.pauseMs,
    guessMs: ((2 * insights.totalParameters) / perSecond) * 1000,
    // A slow disk brings 50 MB a second.
    coldMs: Math.max(30_000, insights.modelSize / 50_000),
  });
}

/** A model may be split into several files; then their weights are what counts. */
const fileSize = async (path: string, { insights }: ModelFileFacts) =>
  insights.ggufFileInfo.splicedParts > 1 ? insights.modelSize : Bun.file(path).size;
