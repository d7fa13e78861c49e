import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { configAnswer } from "../config-answer.ts";
import { answers } from "../openapi.ts";

/** `GET /config`: the settings in force. */
export const configRoutes = ({ config }: Pick<Services, "config">) =>
  new Elysia({ name: "config" }).get("/config", async () => configAnswer(config), {
    detail: {
      summary: "The settings in force, secrets masked",
      description: "By their names in `berth.yaml`; `sources` tells where each comes from.",
      tags: ["Operation"],
      operationId: "getConfig",
      responses: answers({ json: Type.Record(Type.String(), Type.Unknown(), { $id: "Config" }) }),
    },
  });
