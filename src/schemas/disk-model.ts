import { type Static, Type } from "@sinclair/typebox";
import { DeploymentState } from "./deployment.ts";
import { Nullable } from "./shared.ts";

export const Capability = Type.Union(
  [
    Type.Literal("chat"),
    Type.Literal("tools"),
    Type.Literal("reasoning"),
    Type.Literal("embeddings"),
    Type.Literal("rerank"),
    Type.Literal("infill"),
  ],
  { $id: "Capability" },
);

export type DiskModel = Static<typeof DiskModel>;
/** A model on this machine, deployed or not. */
export const DiskModel = Type.Object(
  {
    id: Type.String({ description: "What to deploy it by" }),
    kind: Type.Union([Type.Literal("model"), Type.Literal("adapter")], {
      description: "An adapter is no model: it goes into `lora` of `POST /deploy`",
    }),
    path: Type.String({ description: "Of the file, or of the first part" }),
    files: Type.Integer({ description: "More than one where it is split" }),
    size: Type.Integer({ description: "Bytes of all its files" }),
    source: Type.Union(
      [
        Type.Literal("built_in"),
        Type.Literal("downloaded"),
        Type.Literal("models_directory"),
        Type.Literal("directory"),
        Type.Literal("hub_cache"),
      ],
      { description: "How it came here; all but `downloaded` are used where somebody else put them" },
    ),
    removable: Type.Boolean({ description: "Whether DELETE /models/{id} removes it now" }),
    deployed_as: Nullable(Type.String({ description: "The deployment whose model it is" })),
    state: Nullable(DeploymentState),
    architecture: Nullable(Type.String()),
    quantisation: Nullable(Type.String()),
    parameters: Nullable(Type.Integer()),
    context_length: Nullable(Type.Integer({ description: "Tokens it was trained for" })),
    capabilities: Type.Array(Capability, { description: "As far as its file tells" }),
    modified: Type.Integer({ description: "Unix time in seconds" }),
    error: Nullable(Type.String({ description: "Why it can not be deployed" })),
  },
  { $id: "DiskModel" },
);

export type DiskModelList = Static<typeof DiskModelList>;
export const DiskModelList = Type.Object({ models: Type.Array(DiskModel) }, { $id: "DiskModelList" });

export type RemoveModelAnswer = Static<typeof RemoveModelAnswer>;
export const RemoveModelAnswer = Type.Object(
  { message: Type.String(), id: Type.String(), freed_bytes: Type.Integer() },
  { $id: "RemoveModelAnswer" },
);
