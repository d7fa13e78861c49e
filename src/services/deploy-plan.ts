import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Config } from "../config/config.ts";
import type { LoadSpec } from "../engine/engine.ts";
import { ApiError, invalidRequest, isAdapter, loadFailed } from "../errors.ts";
import type { GgufHeader } from "../formats/gguf/header.ts";
import type { DeployRequest, DeploymentStatus } from "../schemas/deployment.ts";
import { toCompanions, toDraft, toLoras } from "./deploy-companions.ts";
import { deployWarnings } from "./deploy-warnings.ts";
import { toKeepMs } from "./keep-alive.ts";
import type { FileWish, ModelFile } from "./model-files.ts";
import { advisedSampling } from "./model-sampling.ts";
import type { RequestDefaults } from "./request-defaults.ts";

/** What decides about a deployment before it is loaded. */
export type ModelHeader = Pick<
  GgufHeader,
  "architecture" | "contextLength" | "isAdapter" | "number" | "tensors" | "vocabularySize"
>;

/** Where model files are found; `ModelFiles` is what the server has. */
export interface FileSource {
  /** @throws ApiError when the name stands for no file */
  resolve(name: string, wish: FileWish): Promise<ModelFile>;
  /** @throws ApiError when the file can not be a model */
  header(file: ModelFile, token?: string | null): Promise<ModelHeader>;
  /** Downloads what is not on this machine. @throws ApiError, or why it was aborted */
  fetch(file: ModelFile, hooks: FetchHooks, token: string | null): Promise<void>;
}

/** What stands behind the question mark of an address may open the file to whoever has it. */
const SIGNED = /^https?:[^?]*\?(?!download=true$)/i;

export interface FetchHooks {
  signal: AbortSignal;
  /** Of the download, 0 to 1. */
  onProgress: (fraction: number) => void;
}

/** A deploy request that makes sense, as it will be loaded. */
export interface DeployPlan {
  name: string;
  /** Other names that requests may use. */
  aliases: string[];
  /** How long it may lie idle in memory, in milliseconds; `null` is for ever. */
  ttlMs: number | null;
  /** Never unloaded for lying idle or for another model. */
  pinned: boolean;
  /** A request named it; nobody deployed it. */
  onDemand: boolean;
  /** Loaded although it does not seem to fit. */
  force: boolean;
  /** What requests get that do not say otherwise. */
  defaults: RequestDefaults;
  /** Its draft model and adapters as the request names them, which others than this machine can understand. */
  companions: Pick<DeploymentStatus["options"], "draft_model" | "lora">;
  /** All of the load that does not depend on when it happens. */
  spec: Omit<LoadSpec, "memoryBudget" | "tuning">;
  /** Brings the file onto this machine; `null` when it is there. */
  fetch: ((hooks: FetchHooks) => Promise<void>) | null;
  /** Tokens; `null` when the file does not say. */
  trainedContextLength: number | null;
  /** Tells this file from others and from what it was before; `null` when it can not be read. */
  identity: string | null;
  /** One sentence for each flag without effect. */
  warnings: string[];
  /** Why it can not be loaded, when that is known without trying. */
  fault: ApiError | null;
}

export type DeployDefaults = Pick<
  Config,
  "device" | "contextLength" | "parallel" | "gpuLayers" | "queueLimit" | "pauseMs" | "onDemandTtlMs"
>;

export interface DeployOccasion {
  /** CPUs the model may use. */
  threads: number;
  /** A request named it; nobody deployed it. */
  onDemand?: boolean;
}

/**
 * Turns a deploy request into what is to be loaded; `hf_token` goes no further than this.
 * @throws ApiError `invalid_value` when the request contradicts itself or the files, and what `files` throws
 */
export async function planDeployment(
  request: DeployRequest,
  files: FileSource,
  defaults: DeployDefaults,
  { threads, onDemand = false }: DeployOccasion,
): Promise<DeployPlan> {
  const choice = { eightBit: request.load_in_8bit ?? false, fourBit: request.load_in_4bit ?? false };
  if (choice.eightBit && choice.fourBit)
    throw invalidRequest("load_in_8bit and load_in_4bit exclude each other: set one of them", "load_in_4bit");
  assertPossible(request);
  const name = request.model_name.trim();
  if (SIGNED.test(name)) throw signedAddress();
  const token = request.hf_token || null;
  // What a request merely names is not downloaded.
  const file = await files.resolve(name, { ...choice, token, onDisk: onDemand });
  const { header, fault } = file.download
    ? { header: await files.header(file, token), fault: null }
    : await inspect(file, files);
  if (header?.isAdapter) throw isAdapter(name);
  const trained = header?.contextLength ?? null;
  const contextLength = request.context_length ?? null;
  const ttlMs = toKeepMs(request.ttl, "ttl");
  if (trained !== null && contextLength !== null && contextLength > trained)
    throw invalidRequest(
      `context_length is ${contextLength}, and '${name}' was trained for ${trained} tokens: take at most that`,
      "context_length",
    );
  const asked = request.device ?? defaults.device;
  const device = asked === "mps" ? "metal" : asked;
  return {
    name,
    aliases: toAliases(request).filter((alias) => alias !== "" && alias !== name),
    ttlMs: ttlMs === undefined ? (onDemand ? defaults.onDemandTtlMs : null) : ttlMs,
    pinned: request.pinned ?? false,
    onDemand,
    force: request.force ?? false,
    companions: toCompanions(request),
    spec: {
      name,
      path: file.path,
      device,
      // The configured length is for all models, so one with less simply gets less.
      contextLength: contextLength ?? atMost(defaults.contextLength, trained),
      parallel: request.parallel ?? defaults.parallel,
      gpuLayers: request.gpu_layers ?? defaults.gpuLayers,
      threads,
      queueLimit: defaults.queueLimit,
      pauseMs: defaults.pauseMs,
      kvCacheType: request.kv_cache_type ?? "f16",
      flashAttention: request.flash_attention ?? "auto",
      loras: await toLoras(request, files, header),
      draft: await toDraft(request, files, header),
    },
    defaults: {
      systemPrompt: request.system_prompt || null,
      fields: { ...advisedSampling(header), ...request.sampling },
    },
    fetch: file.download && ((hooks) => files.fetch(file, hooks, token)),
    trainedContextLength: trained,
    identity: await identify(file.path),
    warnings: [...file.warnings, ...deployWarnings(request, device, file.download === null)],
    fault,
  };
}

const signedAddress = () =>
  invalidRequest(
    "This address may carry a secret behind its question mark, and everybody sees the name of a deployment: download it with POST /models/pull, and deploy it by the name which that answers with",
    "model_name",
  );

/** A file that can not be read is no mistake in the request: its deployment fails, and says why. */
async function inspect(
  file: ModelFile,
  files: FileSource,
): Promise<{ header: ModelHeader | null; fault: ApiError | null }> {
  try {
    return { header: await files.header(file), fault: null };
  } catch (error) {
    const fault =
      error instanceof ApiError ? error : loadFailed(`The file can not be read: ${String(error)}`);
    return { header: null, fault };
  }
}

/** @throws ApiError for options that no engine could honour */
function assertPossible({ kv_cache_type, flash_attention }: DeployRequest): void {
  if (kv_cache_type === "q8_0" && flash_attention === false)
    throw invalidRequest(
      "kv_cache_type q8_0 needs flash attention: leave flash_attention out, or take kv_cache_type f16",
      "flash_attention",
    );
}

function toAliases({ alias }: DeployRequest): string[] {
  const names = typeof alias === "string" ? [alias] : (alias ?? []);
  return [...new Set(names.map((name) => name.trim()))];
}

const atMost = (value: number | null, limit: number | null) =>
  value === null || limit === null ? value : Math.min(value, limit);

/** @returns `null` when there is no such file */
async function identify(path: string): Promise<string | null> {
  try {
    const { size, mtimeMs } = await stat(path);
    return `${basename(path)}:${size}:${Math.round(mtimeMs)}`;
  } catch {
    return null;
  }
}
