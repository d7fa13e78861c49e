import { modelNotFound } from "../errors.ts";
import type { DeploymentState, DeploymentStatus } from "../schemas/deployment.ts";
import type { Model, ModelList } from "../schemas/model.ts";
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

/** Every deployment that is not stopped, as OpenAI clients list models. */
export function listModels(manager: Pick<ModelManager, "list">): ModelList {
  return { object: "list", data: manager.list().flatMap((deployment) => toModel(deployment) ?? []) };
}

/** @throws ApiError `model_not_found` */
export function findModel(manager: Pick<ModelManager, "list">, id: string): Model {
  const model = listModels(manager).data.find((one) => one.id === id);
  if (!model) throw modelNotFound(id);
  return model;
}

function toModel(deployment: DeploymentStatus): Model | null {
  if (deployment.state === "stopped") return null;
  return {
    id: deployment.model_name,
    object: "model",
    created: deployment.created,
    owned_by: "berth",
    status: { value: STATUS[deployment.state] },
    context_length: deployment.context_length,
    max_model_len: deployment.context_length,
    meta: {
      n_ctx_train: deployment.trained_context_length,
      n_params: deployment.parameters,
      size: deployment.file_size,
    },
  };
}
