import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { DeployAnswer, DeployRequest } from "../../schemas/deployment.ts";
import { EstimateAnswer } from "../../schemas/estimate.ts";
import { StatusAnswer, UndeployAnswer } from "../../schemas/status.ts";
import { answers } from "../openapi.ts";
import { readStatus } from "../../services/status.ts";

const UndeployQuery = Type.Object(
  { model_name: Type.Optional(Type.String({ minLength: 1, description: "Default: the current model" })) },
  { additionalProperties: true },
);

/** `POST /deploy`, `GET /status`, `DELETE /undeploy`: the documented life of a model. */
export const deploymentRoutes = ({
  manager,
  system,
  advisor,
  downloads,
}: Pick<Services, "manager" | "system" | "advisor" | "downloads">) =>
  new Elysia({ name: "deployment" })
    .post(
      "/deploy",
      async ({ body, request }) => {
        if (body.dry_run) return advisor.estimate(body, request.signal);
        manager.assertFree(body.model_name);
        await advisor.assertFits(body, request.signal);
        return manager.deploy(body);
      },
      {
        parse: "json",
        body: DeployRequest,
        detail: {
          summary: "Deploy a model",
          description:
            "Answers at once while the model loads; `GET /status` follows it. `wait` answers when it is ready, `dry_run` with what it would take. A model that does not fit is refused with the numbers.",
          tags: ["Deployments"],
          operationId: "deploy",
          responses: answers({
            json: Type.Union([DeployAnswer, EstimateAnswer]),
            errors: {
              400: "Already deployed, no such file, a device that is not there, too little memory, or a wrong field",
            },
          }),
        },
      },
    )
    .get("/status", async () => readStatus(manager, system, downloads), {
      detail: {
        summary: "The current model, every deployment, downloads and the machine",
        tags: ["Deployments"],
        operationId: "getStatus",
        responses: answers({ json: StatusAnswer }),
      },
    })
    .delete(
      "/undeploy",
      async ({ query }) => {
        const name = await manager.undeploy(query.model_name);
        return { message: `The model '${name}' is undeployed`, model_name: name };
      },
      {
        query: UndeployQuery,
        detail: {
          summary: "Undeploy a model",
          description: "Running requests finish first, bounded by the drain time; then all memory is back.",
          tags: ["Deployments"],
          operationId: "undeploy",
          responses: answers({
            json: UndeployAnswer,
            errors: { 400: "Nothing is deployed", 404: "No such deployment" },
          }),
        },
      },
    );
