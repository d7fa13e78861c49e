import { type Static, Type } from "@sinclair/typebox";
import { Capability } from "./disk-model.ts";
import { Nullable } from "./shared.ts";

export type Model = Static<typeof Model>;
/** A deployment, or a model that a request loads, as OpenAI clients list it; the fields after `owned_by` are extras that front-ends read. */
export const Model = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal("model"),
    created: Type.Integer({ description: "Unix time in seconds of the deployment, or of the file" }),
    owned_by: Type.String(),
    aliases: Type.Array(Type.String(), { description: "Other names it answers to" }),
    status: Type.Object({
      value: Type.Union([
        Type.Literal("loaded"),
        Type.Literal("loading"),
        Type.Literal("unloaded"),
        Type.Literal("failed"),
      ]),
    }),
    capabilities: Type.Array(Capability, {
      description: "Of what its file tells, what requests can have here",
    }),
    context_length: Nullable(Type.Integer({ description: "Tokens per request; null until it is known" })),
    max_model_len: Nullable(Type.Integer({ description: "The same, as vLLM names it" })),
    meta: Type.Object({
      n_ctx_train: Nullable(Type.Integer()),
      n_params: Nullable(Type.Integer()),
      size: Nullable(Type.Integer({ description: "Bytes of the file" })),
    }),
  },
  { $id: "Model" },
);

export type ModelList = Static<typeof ModelList>;
export const ModelList = Type.Object(
  { object: Type.Literal("list"), data: Type.Array(Model) },
  { $id: "ModelList" },
);
