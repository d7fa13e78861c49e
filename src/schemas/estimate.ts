import { type Static, Type } from "@sinclair/typebox";
import { Nullable } from "./shared.ts";

export type Fits = Static<typeof Fits>;
export const Fits = Type.Union(
  [Type.Literal("whole"), Type.Literal("reduced"), Type.Literal("after_eviction"), Type.Literal("none")],
  {
    description:
      "`whole`: as asked for; `reduced`: with less context, fewer slots or not all layers on the GPU; `after_eviction`: once models that lie idle have given their memory back; `none`: not on this machine now",
  },
);

export type SpeedEstimate = Static<typeof SpeedEstimate>;
export const SpeedEstimate = Type.Object(
  {
    class: Type.Union(
      [Type.Literal("fast"), Type.Literal("comfortable"), Type.Literal("readable"), Type.Literal("slow")],
      { description: "At least 30, 10 or 4 tokens a second, or fewer; people read 5 to 8" },
    ),
    tokens_per_second: Type.Number({ description: "Of one answer, roughly" }),
    basis: Type.String({ description: "How it is judged" }),
  },
  { $id: "SpeedEstimate" },
);

export type MemoryEstimate = Static<typeof MemoryEstimate>;
/** Bytes. */
export const MemoryEstimate = Type.Object(
  {
    total: Type.Integer(),
    weights: Type.Integer(),
    kv_cache: Type.Integer({ description: "With the context of every slot filled" }),
    compute: Type.Integer({ description: "Compute buffers and the engine process itself" }),
    gpu: Type.Integer({ description: "Of all these, what lies on the GPU" }),
  },
  { $id: "MemoryEstimate" },
);

export type Alternative = Static<typeof Alternative>;
/** What fits in place of what does not, or fits better. */
export const Alternative = Type.Object(
  {
    kind: Type.Union([Type.Literal("context"), Type.Literal("quantisation"), Type.Literal("model")]),
    model_name: Type.String({ description: "To be given to `POST /deploy`" }),
    context_length: Nullable(Type.Integer({ description: "To be asked for; null: leave it out" })),
    memory_bytes: Type.Integer(),
    message: Type.String(),
  },
  { $id: "Alternative" },
);

export type EstimateAnswer = Static<typeof EstimateAnswer>;
/** What deploying a model would take, before anything is downloaded or loaded. */
export const EstimateAnswer = Type.Object(
  {
    model_name: Type.String({ description: "As asked for" }),
    file: Type.String({ description: "What the name stands for; of the first part where it is split" }),
    file_size: Type.Integer({ description: "Bytes of all parts" }),
    on_disk: Type.Boolean({ description: "False: it would be downloaded first" }),
    architecture: Type.String(),
    quantisation: Nullable(Type.String()),
    parameters: Type.Integer(),
    trained_context_length: Type.Integer(),
    fits: Fits,
    message: Type.String({ description: "The verdict as a sentence, with numbers" }),
    device: Type.String({ description: "That it would run on" }),
    context_length: Type.Integer({
      description: "Tokens per slot that it would be loaded with; as asked for where it does not fit",
    }),
    slots: Type.Integer(),
    gpu_layers: Type.Integer(),
    total_layers: Type.Integer(),
    memory: MemoryEstimate,
    available: Type.Object(
      {
        ram: Type.Integer({
          description: "Free for it, cgroup limits and mapped weights of others taken off",
        }),
        vram: Type.Integer({ description: "Free on the GPUs" }),
        reclaimable: Type.Integer({ description: "What models that lie idle would give back" }),
      },
      { description: "Bytes" },
    ),
    disk_available: Nullable(Type.Integer({ description: "Bytes free where models are downloaded to" })),
    speed: SpeedEstimate,
    notes: Type.Array(Type.String(), { description: "What was reduced, and what else is worth knowing" }),
    alternatives: Type.Array(Alternative, { description: "What to take instead, the closest first" }),
  },
  { $id: "Estimate" },
);
