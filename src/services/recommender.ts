import { ApiError } from "../errors.ts";
import { type Fit, fit } from "../engine/fit.ts";
import type { Purpose, Recommendation, RecommendationsAnswer, Tier } from "../schemas/recommendation.ts";
import { catalogueEstimator } from "./catalogue/catalogue-estimator.ts";
import type { CatalogueFile, CatalogueModel } from "./catalogue/catalogue-model.ts";
import { CATALOGUE, deployName } from "./catalogue/catalogue.ts";
import { type Bandwidth, estimateSpeed } from "./speed-class.ts";

/** What a machine has for models. */
export interface Hardware {
  /** Bytes. */
  ram: number;
  /** Bytes on all GPUs together. */
  vram: number;
  /** Bytes; `null` when unknown. */
  disk: number | null;
  bandwidth: Bandwidth;
}

const GIB = 2 ** 30;
const TIERS: readonly { tier: Tier; most: number }[] = [
  { tier: "small", most: 4 * GIB },
  { tier: "medium", most: 12 * GIB },
  { tier: "large", most: 32 * GIB },
  { tier: "xlarge", most: Infinity },
];

/** Asked of every model, so that they can be compared: enough for a conversation and two at a time. */
const SLOTS = 2;
const COMFORTABLE_CONTEXT = 8192;
/** Left to everything else. */
const RAM_MARGIN = 0.9;
const VRAM_MARGIN = 256 * 2 ** 20;
/** Finer than this gains little that anybody notices, so it has to cost nothing: memory is there in plenty. */
const ENOUGH_BITS = 6.8;
const PLENTY = 0.5;
/** Weights finer than the usual four bits leave this share of the memory to longer contexts. */
const ROOM = 0.9;
/** Below this a model has lost what makes it good. */
const LEAST_BITS = 4.2;

/** What models are good for that no endpoint of this server asks them yet. */
const UNSERVED: ReadonlySet<Purpose> = new Set(["embeddings", "rerank"]);

const notServed = (purpose: Purpose) =>
  `this server has no endpoint for ${purpose} yet: such a model can be downloaded here, and nothing be asked of it`;

/** What a speed is worth. */
const SPEED_WEIGHTS = { fast: 1, comfortable: 0.97, readable: 0.85, slow: 0.55 } as const;

/** A model that lies in both memories leaves little of either to anything else. */
const SPLIT_WEIGHT = 0.94;

/**
 * Ranks the catalogue for a machine and a purpose: first how good a model is, weighed by how fast it would be
 * and how coarse the weights must be; what does not fit comes last.
 */
export async function recommend(purpose: Purpose, hardware: Hardware): Promise<RecommendationsAnswer> {
  const models = CATALOGUE.filter(({ rating }) => rating[purpose] !== undefined);
  const judged = await Promise.all(models.map((model) => judge(model, hardware)));
  const score = ({ model, recommendation, worth }: Judged) =>
    (model.rating[purpose] ?? 0) *
    SPEED_WEIGHTS[recommendation.speed.class] *
    worth *
    (recommendation.fits === "split" ? SPLIT_WEIGHT : 1);
  const [fitting, others] = [true, false].map((fits) =>
    judged.filter(({ recommendation }) => (recommendation.fits !== "none") === fits),
  ) as [Judged[], Judged[]];
  const ranked = [
    ...fitting.toSorted((a, b) => score(b) - score(a)),
    ...others.toSorted((a, b) => a.recommendation.memory_bytes - b.recommendation.memory_bytes),
  ].map(({ recommendation }) => recommendation);
  const inTier = (tier: Tier) =>
    ranked.filter((one) => one.fits !== "none" && one.tier === tier).map(({ model_name }) => model_name);
  const tiers = {
    small: inTier("small"),
    medium: inTier("medium"),
    large: inTier("large"),
    xlarge: inTier("xlarge"),
  };
  return {
    purpose,
    machine: { ram: Math.round(hardware.ram), vram: Math.round(hardware.vram), disk: hardware.disk },
    tier: TIERS.findLast(({ tier }) => tiers[tier].length > 0)?.tier ?? null,
    tiers,
    notes: UNSERVED.has(purpose) ? [notServed(purpose)] : [],
    recommendations: ranked,
  };
}

interface Judged {
  model: CatalogueModel;
  recommendation: Recommendation;
  /** From 0 to 1: how much of the model is left by coarse weights and little room for context. */
  worth: number;
}

/** The choice of a file for one model. */
interface Choice {
  file: CatalogueFile;
  /** `null` when it does not fit. */
  fit: Fit | null;
}

async function judge(model: CatalogueModel, hardware: Hardware): Promise<Judged> {
  const choice = await choose(model, hardware);
  const { file, fit } = choice;
  const { parameters, active = parameters, layers } = model;
  const onGpu = fit ? fit.gpuLayers / (layers + 1) : 0;
  const memory = fit ? fit.need.ram + fit.need.vram : await leastNeed(model, file);
  return {
    model,
    worth: worthOfBits(bitsOf(model, file)) * worthOfRoom(model, fit),
    recommendation: {
      name: model.name,
      maker: model.maker,
      released: model.released,
      model_name: deployName(model, file),
      quantisation: file.quantisation,
      file_size: file.bytes,
      parameters,
      active_parameters: active,
      trained_context_length: model.contextLength,
      licence: model.licence,
      purposes: Object.keys(model.rating) as Purpose[],
      strengths: model.strengths,
      tier: TIERS.find(({ most }) => memory <= most)?.tier ?? "xlarge",
      fits: fit === null ? "none" : onGpu >= 1 ? "gpu" : onGpu > 0 ? "split" : "memory",
      context_length: fit?.contextLength ?? Math.min(model.contextLength, COMFORTABLE_CONTEXT),
      slots: fit?.slots ?? 1,
      gpu_layers: fit?.gpuLayers ?? 0,
      total_layers: layers + 1,
      memory_bytes: Math.round(memory),
      speed: speedOf(model, choice, hardware),
      sources: model.sources,
    },
  };
}

/**
 * Four bits, the usual choice, or the finest weights that cost neither speed nor the room for longer contexts;
 * coarser ones where nothing else fits.
 */
async function choose(model: CatalogueModel, hardware: Hardware): Promise<Choice> {
  const choices: Choice[] = [];
  for (const file of model.files) choices.push({ file, fit: await tryFit(model, file, hardware) });
  const usual = usualChoice(choices);
  if (!usual.fit) return choices.findLast(({ fit }) => fit !== null) ?? usual;
  const better = choices.filter(
    (choice) => choice.file.bytes > usual.file.bytes && isAsGood(model, choice, usual, hardware),
  );
  return better.at(-1) ?? usual;
}

/** Four bits where there are such. */
function usualChoice(choices: readonly Choice[]): Choice {
  const [first] = choices;
  if (!first) throw new Error("a model of the catalogue has no files");
  return choices.find(({ file }) => /Q4_K_M|MXFP4/.test(file.quantisation)) ?? first;
}

/** Whether finer weights lie where the usual ones do, leave room, and are quick enough. */
function isAsGood(model: CatalogueModel, choice: Choice, usual: Choice, hardware: Hardware): boolean {
  const { file, fit } = choice;
  if (!fit || !usual.fit || fit.gpuLayers < usual.fit.gpuLayers) return false;
  if (fit.slots < usual.fit.slots || fit.contextLength < usual.fit.contextLength) return false;
  const onGpu = fit.gpuLayers > model.layers;
  const share = onGpu ? fit.need.vram / hardware.vram : fit.need.ram / hardware.ram;
  if (share > (bitsOf(model, file) > ENOUGH_BITS ? PLENTY : ROOM)) return false;
  // From memory every byte costs time.
  const speed = speedOf(model, choice, hardware);
  return speed.class === "fast" || (onGpu && speed.class === "comfortable");
}

function speedOf(model: CatalogueModel, { file, fit }: Choice, { bandwidth }: Hardware) {
  const { parameters, active = parameters, layers } = model;
  return estimateSpeed((file.bytes * active) / parameters, fit ? fit.gpuLayers / (layers + 1) : 0, bandwidth);
}

/** @returns `null` when it does not fit */
async function tryFit(
  model: CatalogueModel,
  file: CatalogueFile,
  { ram, vram }: Hardware,
): Promise<Fit | null> {
  try {
    return await fit(
      {
        contextLength: null,
        parallel: SLOTS,
        gpuLayers: null,
        trainedContextLength: model.contextLength,
        totalLayers: vram > 0 ? model.layers + 1 : 0,
        ram: ram * RAM_MARGIN,
        vram: Math.max(0, vram - VRAM_MARGIN),
        unified: false,
      },
      catalogueEstimator(model, file),
    );
  } catch (error) {
    if (error instanceof ApiError && error.code === "insufficient_memory") return null;
    throw error;
  }
}

async function leastNeed(model: CatalogueModel, file: CatalogueFile): Promise<number> {
  const estimator = catalogueEstimator(model, file);
  const contextLength = Math.min(model.contextLength, COMFORTABLE_CONTEXT);
  const [weights, context] = await Promise.all([
    estimator.weights(0),
    estimator.context({ contextLength, slots: 1, gpuLayers: 0 }),
  ]);
  return weights.ram + context.ram;
}

const bitsOf = ({ parameters }: CatalogueModel, { bytes }: CatalogueFile) => (bytes * 8) / parameters;

function worthOfBits(bits: number): number {
  if (bits >= LEAST_BITS) return 1;
  return bits >= 3.6 ? 0.9 : 0.75;
}

/** A context that a short conversation fills is of little use, and one slot makes people wait for each other. */
function worthOfRoom({ contextLength }: CatalogueModel, fit: Fit | null): number {
  if (!fit) return 1;
  const wanted = Math.min(contextLength, COMFORTABLE_CONTEXT);
  if (fit.contextLength < wanted / 2) return 0.6;
  return fit.contextLength < wanted || fit.slots < SLOTS ? 0.9 : 1;
}
