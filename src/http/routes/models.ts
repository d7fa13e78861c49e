import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { Model, ModelList } from "../../schemas/model.ts";
import { findModel, listModels } from "../../services/models.ts";
import { answers } from "../openapi.ts";

/** `GET /v1/models` and `GET /v1/models/{id}`, where an id may hold slashes, encoded or not. */
export const modelRoutes = ({ manager }: Pick<Services, "manager">) =>
  new Elysia({ name: "models" })
    .get("/v1/models", async () => listModels(manager), {
      detail: {
        summary: "List the deployed models",
        tags: ["OpenAI"],
        operationId: "listModels",
        responses: answers({ json: ModelList }),
      },
    })
    .get("/v1/models/*", async ({ params }) => findModel(manager, decode(params["*"])), {
      detail: {
        summary: "Show a deployed model",
        tags: ["OpenAI"],
        operationId: "retrieveModel",
        responses: answers({ json: Model, errors: { 404: "No such deployment" } }),
      },
    });

/** Elysia decodes a named part of a path, but not the rest that a `*` stands for. */
function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
