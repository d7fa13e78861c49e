import type { Config } from "../config/config.ts";
import { modelNotFound } from "../errors.ts";
import type { DeploymentState, DeploymentStatus } from "../schemas/deployment.ts";
import type { DiskModel } from "../schemas/disk-model.ts";
import type { Model, ModelList } from "../schemas/model.ts";
import type { Inventory } from "./inventory.ts";
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

type Manager = Pick<ModelManager, "list">;
type Disk = Pick<Inventory, "list">;
type Settings = Pick<Config, "loadOnRequest" | "contextLength">;

/** What a request may name, as OpenAI clients list models: deployments that are not stopped, then what one loads. */
export async function listModels(manager: Manager, disk: Disk, settings: Settings): Promise<ModelList> {
  const onDisk = await disk.list();
  const deployed = manager.list().flatMap((deployment) => toModel(deployment, onDisk) ?? []);
  const names = new Set(deployed.map(({ id }) => id));
  const others = onDisk.filter(
    ({ id, deployed_as, error }) => !names.has(id) && deployed_as === null && !error,
  );
  const loadable = settings.loadOnRequest ? others.map((model) => toUnloaded(model, settings)) : [];
  return { object: "list", data: [...deployed, ...loadable] };
}

/** @throws ApiError `model_not_found` */
export async function findModel(
  manager: Manager,
  disk: Disk,
  settings: Settings,
  id: string,
): Promise<Model> {
  const { data } = await listModels(manager, disk, settings);
  const model = data.find((one) => one.id === id) ?? data.find(({ aliases }) => aliases.includes(id));
  if (!model) throw modelNotFound(id);
  return model;
}

function toModel(deployment: DeploymentStatus, onDisk: readonly DiskModel[]): Model | null {
  if (deployment.state === "stopped") return null;
  const file = onDisk.find(({ deployed_as }) => deployed_as === deployment.model_name);
  return {
    id: deployment.model_name,
    object: "model",
    created: deployment.created,
    owned_by: "berth",
    aliases: deployment.aliases,
    status: { value: STATUS[deployment.state] },
    capabilities: file?.capabilities ?? [],
    context_length: deployment.context_length,
    max_model_len: deployment.context_length,
    meta: {
      n_ctx_train: deployment.trained_context_length,
      n_params: deployment.parameters,
      size: deployment.file_size,
    },
  };
}

/** With the context it would be loaded with, memory permitting. */
function toUnloaded(model: DiskModel, { contextLength }: Settings): Model {
  const trained = model.context_length;
  const context = trained === null ? null : Math.min(trained, contextLength ?? USUAL_CONTEXT);
  return {
    id: model.id,
    object: "model",
    created: model.modified,
    owned_by: "berth",
    aliases: [],
    status: { value: "unloaded" },
    capabilities: model.capabilities,
    context_length: context,
    max_model_len: context,
    meta: { n_ctx_train: trained, n_params: model.parameters, size: model.size },
  };
}
