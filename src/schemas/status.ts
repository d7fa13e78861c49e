import { type Static, Type } from "@sinclair/typebox";
import { DeploymentStatus } from "./deployment.ts";
import { DownloadStatus } from "./download.ts";
import { Nullable } from "./shared.ts";
import { SystemStatus } from "./system.ts";

export type StatusAnswer = Static<typeof StatusAnswer>;
/** `GET /status`: the current model first, then every deployment and the machine. */
export const StatusAnswer = Type.Object(
  {
    model_name: Nullable(
      Type.String({ description: "The most recently deployed model that is ready; null when none is" }),
    ),
    is_loaded: Type.Boolean(),
    is_loading: Type.Boolean({ description: "True while any model is loading" }),
    device: Nullable(Type.String({ description: "The device the current model runs on" })),
    progress: Nullable(
      Type.Number({ description: "Of the load under way, 0 to 1; null when nothing is loading" }),
    ),
    models: Type.Array(DeploymentStatus, { description: "Every deployment, oldest first" }),
    downloads: Type.Array(DownloadStatus, { description: "Those that are not over, oldest first" }),
    system: SystemStatus,
  },
  { $id: "Status" },
);

export type UndeployAnswer = Static<typeof UndeployAnswer>;
export const UndeployAnswer = Type.Object(
  { message: Type.String(), model_name: Type.String() },
  { $id: "UndeployAnswer" },
);

export type HealthAnswer = Static<typeof HealthAnswer>;
export const HealthAnswer = Type.Object({ status: Type.Literal("ok") }, { $id: "Health" });

export type ReadyAnswer = Static<typeof ReadyAnswer>;
export const ReadyAnswer = Type.Object(
  { status: Type.Literal("ready"), model_name: Nullable(Type.String()) },
  { $id: "Ready" },
);
