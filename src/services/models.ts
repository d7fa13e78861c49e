import type { Config } from "../config/config.ts";
import { modelNotFound } from "../errors.ts";
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

export interface ModelSources {
  manager: Pick<ModelManager, "list">;
  inventory: Pick<Inventory, "list">;
  files: Pick<ModelFiles, "resolve">;
  config: Pick<Config, "loadOnRequest" | "contextLength" | "aliases">;
}

/** What a request may name, as OpenAI clients list models: deployments that are not stopped, then what one loads. */
export async function listModels({ manager, inventory, files, config }: ModelSources): Promise<ModelList> {
  const onDisk = await inventory.list();
  const aliases = await aliasesByFile(config.aliases, files);
  const deployed = manager
    .list()
    .flatMap((deployment) => toModel(deployment, onDisk, { config, aliases }) ?? []);
  const names = new Set(deployed.map(({ id }) => id));
  const others = onDisk.filter(
    ({ id, deployed_as, error }) => !names.has(id) && deployed_as === null && !error,
  );
  const loadable = config.loadOnRequest ? others : [];
  return {
    object: "list",
    data: [...deployed, ...loadable.map((model) => toUnloaded(model, config, aliases.get(model.id) ?? []))],
  };
}

/** @throws ApiError `model_not_found` */
export async function findModel(sources: ModelSources, id: string): Promise<Model> {
  const { data } = await listModels(sources);
  const model = data.find((one) => one.id === id) ?? data.find(({ aliases }) => aliases.includes(id));
  if (!model) throw modelNotFound(id);
  return model;
}

/** The configured aliases of each file that is on this machine. */
async function aliasesByFile(
  aliases: Readonly<Record<string, string>>,
  files: ModelSources["files"],
): Promise<Map<string, string[]>> {
  const wish = { eightBit: false, fourBit: false, token: null, onDisk: true };
  const byFile = new Map<string, string[]>();
  for (const alias of Object.keys(aliases)) {
    // One whose model is not here can not be named by a request.
    const file = await files.resolve(alias, wish).catch(() => null);
    if (file) byFile.set(file.name, [...(byFile.get(file.name) ?? []), alias]);
  }
  return byFile;
}

/** Of what a model can do, what a request can have of it here: clients switch on what they read. */
const served = (capabilities: DiskModel["capabilities"]) =>
  capabilities.filter((capability) => capability === "chat" || capability === "reasoning");

function toModel(
  deployment: DeploymentStatus,
  onDisk: readonly DiskModel[],
  { config, aliases }: { config: ContextDefault; aliases: ReadonlyMap<string, string[]> },
): Model | null {
  if (deployment.state === "stopped") return null;
  const file = onDisk.find(({ deployed_as }) => deployed_as === deployment.model_name);
  const others = new Set([...deployment.aliases, ...(aliases.get(file?.id ?? "") ?? [])]);
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
function toUnloaded(model: DiskModel, { contextLength }: ContextDefault, aliases: string[]): Model {
  const trained = model.context_length;
  const context = expectedContext(trained, contextLength);
  return {
    id: model.id,
    object: "model",
    created: model.modified,
    owned_by: "berth",
    aliases,
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
