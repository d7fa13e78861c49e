import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { maskSecrets } from "../mask-secrets.ts";
import { answers } from "../openapi.ts";

/** `GET /config`: the settings in force. */
export const configRoutes = ({ config }: Pick<Services, "config">) =>
  new Elysia({ name: "config" }).get("/config", async () => maskSecrets(config), {
    detail: {
      summary: "The settings in force, secrets masked",
      tags: ["Operation"],
      operationId: "getConfig",
      responses: answers({ json: Type.Record(Type.String(), Type.Unknown(), { $id: "Config" }) }),
    },
  });
