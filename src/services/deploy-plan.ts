import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Config } from "../config.ts";
import type { LoadSpec } from "../engine/engine.ts";
import { type ApiError, invalidRequest } from "../errors.ts";
import type { DeployRequest } from "../schemas/deployment.ts";
import { deployWarnings } from "./deploy-warnings.ts";

/** Which of the files that a name stands for is wanted. */
export interface FileChoice {
  eightBit: boolean;
  fourBit: boolean;
}

/** Finds model files. */
export interface ModelFiles {
  /** @throws ApiError when the name stands for no file */
  resolve(name: string, choice: FileChoice): Promise<ModelFile>;
}

export interface ModelFile {
  /** Absolute. */
  path: string;
}

/** A deploy request that makes sense, as it will be loaded. */
export interface DeployPlan {
  name: string;
  /** All of the load that does not depend on when it happens. */
  spec: Omit<LoadSpec, "memoryBudget" | "tuning">;
  /** Tells this file from others and from what it was before; `null` when it can not be read. */
  identity: string | null;
  /** One sentence for each flag without effect. */
  warnings: string[];
  /** Why it can not be loaded, when that is known without trying. */
  fault: ApiError | null;
}

export type DeployDefaults = Pick<
  Config,
  "device" | "contextLength" | "parallel" | "gpuLayers" | "queueLimit" | "pauseMs"
>;

/**
 * Turns a deploy request into what is to be loaded; `hf_token` goes no further than this.
 * @throws ApiError `invalid_value` when the request contradicts itself or the file, and what `files` throws
 */
export async function planDeployment(
  request: DeployRequest,
  files: ModelFiles,
  defaults: DeployDefaults,
  threads: number,
): Promise<DeployPlan> {
  const choice = { eightBit: request.load_in_8bit ?? false, fourBit: request.load_in_4bit ?? false };
  if (choice.eightBit && choice.fourBit)
    throw invalidRequest("load_in_8bit and load_in_4bit exclude each other: set one of them", "load_in_4bit");
  const name = request.model_name;
  const file = await files.resolve(name, choice);
  const asked = request.device ?? defaults.device;
  const device = asked === "mps" ? "metal" : asked;
  return {
    name,
    spec: {
      name,
      path: file.path,
      device,
      contextLength: request.context_length ?? defaults.contextLength,
      parallel: request.parallel ?? defaults.parallel,
      gpuLayers: request.gpu_layers ?? defaults.gpuLayers,
      threads,
      queueLimit: defaults.queueLimit,
      pauseMs: defaults.pauseMs,
    },
    identity: await identify(file.path),
    warnings: deployWarnings(request, { device, hadChoice: false }),
    fault: null,
  };
}

async function identify(path: string): Promise<string | null> {
  try {
    const { size, mtimeMs } = await stat(path);
    return `${basename(path)}:${size}:${Math.round(mtimeMs)}`;
  } catch {
    return null;
  }
}
