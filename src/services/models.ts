import type { Config } from "../config/config.ts";
import { ApiError, modelNotFound } from "../errors.ts";
import type { DeploymentState, DeploymentStatus } from "../schemas/deployment.ts";
import type { DiskModel } from "../schemas/disk-model.ts";
import type { Model, ModelList } from "../schemas/model.ts";
import type { Inventory } from "./inventory.ts";
import type { ModelFiles } from "./model-files.ts";
import type { ModelManager } from "./model-manager.ts";

/** States in the words that front-ends know. A model that drains takes no request any more. */
const STATUS: Record<Exclude<DeploymentState, "stopped">, Model["status"]["value"]> = {
  downloading: "loading",
  loading: "loading",
  ready: "loaded",
  unloaded: "unloaded",
  draining: "unloaded",
  failed: "failed",
};

/** Of a deployment that asks for none, where the model was trained for more. */
const USUAL_CONTEXT = 8192;

type ContextDefault = Pick<Config, "contextLength">;

const NO_NAMES: ReadonlyMap<string, string[]> = new Map();

/** As a request looks names up: nothing is downloaded. */
const ON_DISK = { eightBit: false, fourBit: false, token: null, onDisk: true };

export interface ModelSources {
  manager: Pick<ModelManager, "list">;
  inventory: Pick<Inventory, "list">;
  files: Pick<ModelFiles, "resolve">;
  config: Pick<Config, "loadOnRequest" | "contextLength" | "aliases">;
}

/** What a request may name, as OpenAI clients list models: deployments that are not stopped, then what one loads. */
export async function listModels({ manager, inventory, files, config }: ModelSources): Promise<ModelList> {
  const onDisk = await inventory.list();
  // Names of files are looked up for a request only where it may load one.
  const fileNames = config.loadOnRequest ? await namesByFile(onDisk, config.aliases, files) : NO_NAMES;
  const deployed = manager
    .list()
    .flatMap((deployment) => toModel(deployment, onDisk, { config, fileNames }) ?? []);
  const names = new Set(deployed.map(({ id }) => id));
  const others = onDisk.filter(
    ({ id, kind, deployed_as, error }) =>
      !names.has(id) && kind === "model" && deployed_as === null && !error,
  );
  const loadable = config.loadOnRequest ? others : [];
  return {
    object: "list",
    data: [...deployed, ...loadable.map((model) => toUnloaded(model, config, fileNames.get(model.id) ?? []))],
  };
}

/**
 * The model that a request would be answered by, by any name that it may use.
 * @throws ApiError `model_not_found`, and what `ModelFiles.resolve` says of a name that stands for no single file
 */
export async function findModel(sources: ModelSources, id: string): Promise<Model> {
  const { data } = await listModels(sources);
  const named = (name: string) =>
    data.find((one) => one.id === name) ?? data.find(({ aliases }) => aliases.includes(name));
  const model =
    named(id) ?? (sources.config.loadOnRequest ? named(await fileNameOf(id, sources)) : undefined);
  if (!model) throw modelNotFound(id);
  return model;
}

async function fileNameOf(id: string, { files }: ModelSources): Promise<string> {
  try {
    return (await files.resolve(id, ON_DISK)).name;
  } catch (error) {
    throw error instanceof ApiError ? error.namedBy("model") : error;
  }
}

/** By the file of each model on this machine: its own name, and those that the configuration gives it. */
async function namesByFile(
  onDisk: readonly DiskModel[],
  aliases: Readonly<Record<string, string>>,
  files: ModelSources["files"],
): Promise<Map<string, string[]>> {
  const byFile = new Map(onDisk.map(({ id }) => [id, [id]]));
  for (const alias of Object.keys(aliases)) {
    // One whose model is not here can not be named by a request.
    const file = await files.resolve(alias, ON_DISK).catch(() => null);
    if (file) byFile.get(file.name)?.push(alias);
  }
  return byFile;
}

/** Of what a model can do, what a request can have of it here: clients switch on what they read. */
const served = (capabilities: DiskModel["capabilities"]) =>
  capabilities.filter((capability) => capability === "chat" || capability === "reasoning");

function toModel(
  deployment: DeploymentStatus,
  onDisk: readonly DiskModel[],
  { config, fileNames }: { config: ContextDefault; fileNames: ReadonlyMap<string, string[]> },
): Model | null {
  if (deployment.state === "stopped") return null;
  const file = onDisk.find(({ deployed_as }) => deployed_as === deployment.model_name);
  const others = new Set([...deployment.aliases, ...(fileNames.get(file?.id ?? "") ?? [])]);
  others.delete(deployment.model_name);
  const { trained_context_length: trained, options } = deployment;
  const context =
    deployment.context_length ?? expectedContext(trained, options.context_length ?? config.contextLength);
  return {
    id: deployment.model_name,
    object: "model",
    created: deployment.created,
    owned_by: "berth",
    aliases: [...others],
    status: { value: STATUS[deployment.state] },
    capabilities: served(file?.capabilities ?? []),
    context_length: context,
    max_model_len: context,
    meta: {
      n_ctx_train: trained,
      n_params: deployment.parameters,
      size: deployment.file_size,
    },
  };
}

/** With the context it would be loaded with, memory permitting. */
function toUnloaded(model: DiskModel, { contextLength }: ContextDefault, names: string[]): Model {
  const trained = model.context_length;
  const context = expectedContext(trained, contextLength);
  return {
    id: model.id,
    object: "model",
    created: model.modified,
    owned_by: "berth",
    aliases: names.filter((name) => name !== model.id),
    status: { value: "unloaded" },
    capabilities: served(model.capabilities),
    context_length: context,
    max_model_len: context,
    meta: { n_ctx_train: trained, n_params: model.parameters, size: model.size },
  };
}

/** What a model gets as long as memory permits; `null` when nobody knows what it was trained for. */
function expectedContext(trained: number | null, asked: number | null): number | null {
  return trained === null ? null : Math.min(trained, asked ?? USUAL_CONTEXT);
}
