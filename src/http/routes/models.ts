import { Elysia } from "elysia";
import { DiskModel, DiskModelList, RemoveModelAnswer } from "../../schemas/disk-model.ts";
import { Model, ModelList } from "../../schemas/model.ts";
import { findModel, listModels } from "../../services/models.ts";
import { answers } from "../openapi.ts";
import type { Services } from "../services.ts";

type Used = Pick<Services, "config" | "manager" | "inventory" | "files">;

/** What requests may name, and what lies on this machine; an id may hold slashes, encoded or not. */
export const modelRoutes = ({ inventory, ...others }: Used) =>
  new Elysia({ name: "models" })
    .get("/v1/models", async () => listModels({ inventory, ...others }), {
      detail: {
        summary: "List the models that requests may name",
        description: "Deployed ones first, then those on this machine that a request loads.",
        tags: ["OpenAI"],
        operationId: "listModels",
        responses: answers({ json: ModelList }),
      },
    })
    .get("/v1/models/*", async ({ params }) => findModel({ inventory, ...others }, decode(params["*"])), {
      detail: {
        summary: "Show a model that requests may name",
        tags: ["OpenAI"],
        operationId: "retrieveModel",
        responses: answers({ json: Model, errors: { 404: "No such model" } }),
      },
    })
    .get("/models", async () => ({ models: await inventory.list() }), {
      detail: {
        summary: "List the models on this machine",
        tags: ["Models"],
        operationId: "listDiskModels",
        responses: answers({ json: DiskModelList }),
      },
    })
    .get("/models/*", async ({ params }) => inventory.find(decode(params["*"])), {
      detail: {
        summary: "Show a model on this machine",
        tags: ["Models"],
        operationId: "getDiskModel",
        responses: answers({ json: DiskModel, errors: { 404: "No such model on this machine" } }),
      },
    })
    .delete(
      "/models/*",
      async ({ params }) => {
        const { id, freed } = await inventory.remove(decode(params["*"]));
        return { message: `The model '${id}' is removed`, id, freed_bytes: freed };
      },
      {
        detail: {
          summary: "Remove a downloaded model",
          description: "Never one in use, and never a file that somebody else put where it is.",
          tags: ["Models"],
          operationId: "removeDiskModel",
          responses: answers({
            json: RemoveModelAnswer,
            errors: {
              400: "Not a file that was downloaded by this server",
              404: "No such model on this machine",
              409: "It is deployed, or being downloaded",
            },
          }),
        },
      },
    );

/** Elysia decodes a named part of a path, but not the rest that a `*` stands for. */
function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
