import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { beingUndeployed, modelLoading, notReady } from "../../errors.ts";
import { HealthAnswer, ReadyAnswer } from "../../schemas/status.ts";
import { answers } from "../openapi.ts";

/** Seconds that the start of a server takes before its models load. */
const SOON = 1;

/** `/health` and `/readyz`, for whatever starts, watches and balances servers. */
export const healthRoutes = ({ config, manager }: Pick<Services, "config" | "manager">) =>
  new Elysia({ name: "health" })
    .get("/health", async () => ({ status: "ok" as const }), {
      detail: {
        summary: "The server is alive",
        tags: ["Operation"],
        operationId: "getHealth",
        responses: answers({ json: HealthAnswer }),
      },
    })
    .get(
      "/readyz",
      async () => {
        const current = manager.current();
        if (current) return { status: "ready" as const, model_name: current.model_name };
        const models = manager.list();
        const loading = models.find(({ state }) => state === "loading" || state === "downloading");
        if (loading) throw modelLoading(loading.model_name);
        const failed = models.find(({ state }) => state === "failed");
        if (failed) throw notReady(`'${failed.model_name}' failed: ${failed.error}`);
        const draining = models.find(({ state }) => state === "draining");
        if (draining) throw beingUndeployed(draining.model_name);
        // One that lies unloaded is loaded by the next request.
        const unloaded = models.findLast(({ state }) => state === "unloaded");
        if (unloaded) return { status: "ready" as const, model_name: unloaded.model_name };
        if (manager.restoring) throw notReady("what was deployed before is being deployed again", SOON);
        // A server that was told to deploy nothing, or to undeploy what it had, is ready for POST /deploy.
        if (config.model === null || manager.hasDeployed)
          return { status: "ready" as const, model_name: null };
        throw notReady(`'${config.model}' is not deployed yet`, SOON);
      },
      {
        detail: {
          summary: "The server can answer requests",
          tags: ["Operation"],
          operationId: "getReadiness",
          responses: answers({
            json: ReadyAnswer,
            errors: { 503: "The model is loading, or could not be loaded" },
          }),
        },
      },
    );
