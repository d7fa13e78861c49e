import { type Static, Type } from "@sinclair/typebox";
import { SpeedEstimate } from "./estimate.ts";
import { Nullable } from "./shared.ts";

export type Purpose = Static<typeof Purpose>;
export const Purpose = Type.Union(
  [
    Type.Literal("chat"),
    Type.Literal("code"),
    Type.Literal("tools"),
    Type.Literal("embeddings"),
    Type.Literal("rerank"),
  ],
  { $id: "Purpose" },
);

export type Tier = Static<typeof Tier>;
export const Tier = Type.Union(
  [Type.Literal("small"), Type.Literal("medium"), Type.Literal("large"), Type.Literal("xlarge")],
  {
    $id: "Tier",
    description: "By the memory it takes: up to 4, 12 or 32 GiB, or more",
  },
);

export type Recommendation = Static<typeof Recommendation>;
/** A model of the catalogue and what it would be on this machine; by published numbers, so roughly. */
export const Recommendation = Type.Object(
  {
    name: Type.String(),
    maker: Type.String(),
    released: Type.String({ description: "Year and month" }),
    model_name: Type.String({ description: "To be given to `POST /deploy`" }),
    quantisation: Type.String({ description: "The best that fits well" }),
    file_size: Type.Integer({ description: "Bytes to download" }),
    parameters: Type.Integer(),
    active_parameters: Type.Integer({ description: "Those that a token goes through" }),
    trained_context_length: Type.Integer(),
    licence: Type.String(),
    purposes: Type.Array(Purpose),
    strengths: Type.String(),
    tier: Tier,
    fits: Type.Union(
      [Type.Literal("gpu"), Type.Literal("split"), Type.Literal("memory"), Type.Literal("none")],
      {
        description: "Wholly on the GPU, partly, in memory alone, or not",
      },
    ),
    context_length: Type.Integer({ description: "Tokens per slot that fit" }),
    slots: Type.Integer(),
    gpu_layers: Type.Integer(),
    total_layers: Type.Integer(),
    memory_bytes: Type.Integer({ description: "Weights, KV cache and buffers" }),
    speed: SpeedEstimate,
    sources: Type.Array(Type.Object({ facts: Type.String(), url: Type.String(), date: Type.String() }), {
      description: "Where the catalogue has its facts from",
    }),
  },
  { $id: "Recommendation" },
);

export type RecommendationsAnswer = Static<typeof RecommendationsAnswer>;
export const RecommendationsAnswer = Type.Object(
  {
    purpose: Purpose,
    machine: Type.Object({
      ram: Type.Integer({ description: "Bytes free, with what idle models would give back" }),
      vram: Type.Integer({ description: "Bytes free on all GPUs together" }),
      disk: Nullable(Type.Integer({ description: "Bytes free where models are downloaded to" })),
    }),
    tier: Nullable(Tier),
    tiers: Type.Object(
      {
        small: Type.Array(Type.String()),
        medium: Type.Array(Type.String()),
        large: Type.Array(Type.String()),
        xlarge: Type.Array(Type.String()),
      },
      { description: "What fits, by tier and the best first, as names for `POST /deploy`" },
    ),
    notes: Type.Array(Type.String(), { description: "What else is worth knowing" }),
    recommendations: Type.Array(Recommendation, {
      description: "The best for this machine first; what does not fit at the end",
    }),
  },
  { $id: "Recommendations" },
);
