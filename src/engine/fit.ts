import { insufficientMemory, invalidRequest } from "../errors.ts";
import { formatBytes } from "../formats/quantity.ts";
import type { Need } from "./engine.ts";

/** What a model would take, before it is loaded. */
export interface MemoryEstimator {
  weights(gpuLayers: number): Promise<Need>;
  /** KV cache of all slots and compute buffers. */
  context(plan: { contextLength: number; slots: number; gpuLayers: number }): Promise<Need>;
}

export interface FitRequest {
  /** Tokens per slot as asked for; `null`: chosen here. */
  contextLength: number | null;
  /** The longest that is chosen where none is asked for. Default `DEFAULT_CONTEXT`. */
  longest?: number;
  /** Slots as asked for. */
  parallel: number;
  /** Layers on the GPU as asked for; `null`: as many as fit. */
  gpuLayers: number | null;
  trainedContextLength: number;
  /** Layers that can go to the GPU, the output layer included. */
  totalLayers: number;
  /** Bytes of RAM the model may take; `Infinity`: the one who asks knows better. */
  ram: number;
  /** Bytes free on the GPU; 0 without one. */
  vram: number;
  /** GPU memory is RAM, as on Macs: both budgets are one. */
  unified: boolean;
}

export interface Fit {
  contextLength: number;
  slots: number;
  gpuLayers: number;
  /** Whether it is less than was asked for, or than the GPU would take of it. */
  reduced: boolean;
  /** What a person should know of these choices. */
  notes: string[];
  need: Need;
}

/** The longest context chosen without being asked for. */
export const DEFAULT_CONTEXT = 8192;
/** Below this, slots are given up before context. */
const COMFORTABLE_CONTEXT = 4096;
const SMALLEST_CONTEXT = 512;
/** Contexts come in whole multiples of this; llama.cpp pads to it. */
const STEP = 256;

/**
 * Chooses context length, slots and GPU layers so that the model fits into memory.
 * @throws ApiError 400 for a context above the trained one, `insufficient_memory` with numbers when it can not fit
 */
export async function fit(request: FitRequest, estimator: MemoryEstimator): Promise<Fit> {
  const {
    trainedContextLength: trained,
    contextLength: asked,
    longest = DEFAULT_CONTEXT,
    parallel,
  } = request;
  if (asked !== null && asked > trained)
    throw invalidRequest(
      `context_length is ${asked}, but the model was trained on ${trained} tokens: ask for at most ${trained}`,
      "context_length",
    );
  const wanted = asked ?? Math.min(trained, longest);
  const plan = (contextLength: number, slots: number) => place(request, estimator, contextLength, slots);
  const chosen =
    asked === null ? await anyContext(plan, wanted, parallel) : await fewerSlots(plan, asked, parallel);
  if (!chosen) throw await doesNotFit(request, estimator, asked ?? Math.min(trained, SMALLEST_CONTEXT));
  const reductions = reductionsOf(request, chosen, wanted);
  const tooMany = request.gpuLayers !== null && request.gpuLayers > request.totalLayers;
  const notes = tooMany ? [`gpu_layers reduced to ${request.totalLayers}: the model has no more`] : [];
  return { ...chosen, reduced: reductions.length > 0, notes: [...reductions, ...notes] };
}

type Placed = Omit<Fit, "reduced" | "notes">;
type Plan = (contextLength: number, slots: number) => Promise<Placed | null>;

/** All slots with less context, then fewer slots, then less context still. */
async function anyContext(plan: Plan, wanted: number, parallel: number): Promise<Placed | null> {
  const comfortable = Math.min(wanted, COMFORTABLE_CONTEXT);
  return (
    (await plan(wanted, parallel)) ??
    (await longestContext((length) => plan(length, parallel), comfortable, wanted)) ??
    (await fewerSlots(plan, comfortable, parallel)) ??
    (await longestContext((length) => plan(length, 1), Math.min(wanted, SMALLEST_CONTEXT), comfortable))
  );
}

async function fewerSlots(plan: Plan, contextLength: number, parallel: number): Promise<Placed | null> {
  return largest(1, parallel, (slots) => plan(contextLength, slots));
}

/** In whole steps between `least` and `most`. */
async function longestContext(
  plan: (length: number) => Promise<Placed | null>,
  least: number,
  most: number,
): Promise<Placed | null> {
  const steps = Math.ceil((most - least) / STEP);
  return largest(0, steps, (step) => plan(Math.min(most, least + step * STEP)));
}

/** The result for the largest number from `low` to `high` that has one, given that smaller ones fit too. */
async function largest<T>(
  low: number,
  high: number,
  attempt: (value: number) => Promise<T | null>,
): Promise<T | null> {
  let best = await attempt(high);
  if (best !== null || low >= high) return best;
  best = await attempt(low);
  if (best === null) return null;
  let [fits, fails] = [low, high];
  while (fails - fits > 1) {
    const middle = Math.floor((fits + fails) / 2);
    const result = await attempt(middle);
    if (result === null) fails = middle;
    else [fits, best] = [middle, result];
  }
  return best;
}

/** Puts as many layers as fit on the GPU. @returns `null` when RAM does not suffice for the rest */
async function place(
  request: FitRequest,
  estimator: MemoryEstimator,
  contextLength: number,
  slots: number,
): Promise<Placed | null> {
  const { totalLayers, gpuLayers: asked, vram } = request;
  const attempt = async (gpuLayers: number): Promise<Placed | null> => {
    const [weights, context] = await Promise.all([
      estimator.weights(gpuLayers),
      estimator.context({ contextLength, slots, gpuLayers }),
    ]);
    const need = { ram: weights.ram + context.ram, vram: weights.vram + context.vram };
    return isForced(request) || holdsVram(request, need) ? { contextLength, slots, gpuLayers, need } : null;
  };
  const placed =
    asked !== null
      ? await attempt(Math.min(asked, totalLayers))
      : await largest(0, vram > 0 ? totalLayers : 0, attempt);
  return placed && holdsRam(request, placed.need) ? placed : null;
}

/** Layers that were asked for, and are to be tried whatever is free. */
const isForced = ({ ram, gpuLayers }: FitRequest) => ram === Infinity && gpuLayers !== null;

const holdsVram = ({ vram, unified }: FitRequest, need: Need) => unified || need.vram <= vram;

const holdsRam = ({ ram, unified }: FitRequest, need: Need) => need.ram + (unified ? need.vram : 0) <= ram;

async function doesNotFit(request: FitRequest, estimator: MemoryEstimator, contextLength: number) {
  const gpuLayers = Math.min(request.gpuLayers ?? 0, request.totalLayers);
  const [weights, context] = await Promise.all([
    estimator.weights(gpuLayers),
    estimator.context({ contextLength, slots: 1, gpuLayers }),
  ]);
  const gpu =
    weights.vram + context.vram > 0
      ? `, of which ${formatBytes(weights.vram + context.vram)} on the GPU, where ${formatBytes(request.vram)} are free`
      : "";
  return insufficientMemory(
    `The model does not fit into memory: weights take ${formatBytes(weights.ram + weights.vram)} and one slot of ${contextLength} tokens ${formatBytes(context.ram + context.vram)}${gpu}; ${formatBytes(request.ram)} of memory are available to it`,
  );
}

function reductionsOf(
  request: FitRequest,
  { contextLength, slots, gpuLayers }: Placed,
  wanted: number,
): string[] {
  const found: string[] = [];
  if (contextLength < wanted)
    found.push(
      `context_length reduced from ${wanted} to ${contextLength} tokens: more does not fit into memory`,
    );
  if (slots < request.parallel)
    found.push(`slots reduced from ${request.parallel} to ${slots}: more do not fit into memory`);
  if (request.vram > 0 && request.gpuLayers === null && gpuLayers < request.totalLayers)
    found.push(`${gpuLayers} of ${request.totalLayers} layers fit on the GPU; the others run on the CPU`);
  return found;
}
