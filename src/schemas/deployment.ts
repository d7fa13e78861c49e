import { type Static, Type } from "@sinclair/typebox";
import { Device } from "./device.ts";
import { SamplingFields, TokenLimit } from "./sampling.ts";
import { Maybe, Nullable } from "./shared.ts";

export type DeploymentDefaults = Static<typeof DeploymentDefaults>;
/** Sampling of requests that say nothing about it. */
const DeploymentDefaults = Type.Object(
  {
    temperature: SamplingFields.temperature,
    top_p: SamplingFields.top_p,
    top_k: SamplingFields.top_k,
    min_p: SamplingFields.min_p,
    presence_penalty: SamplingFields.presence_penalty,
    frequency_penalty: SamplingFields.frequency_penalty,
    repeat_penalty: SamplingFields.repeat_penalty,
    stop: SamplingFields.stop,
    max_tokens: TokenLimit("Of answers whose request sets no limit"),
  },
  { additionalProperties: false, description: "Sampling of requests that say nothing about it" },
);

/** An adapter and how strongly it counts. */
const Lora = Type.Object(
  {
    path: Type.String({ minLength: 1, description: "A GGUF adapter below the models directory" }),
    scale: Maybe(Type.Number({ description: "Default 1" })),
  },
  { additionalProperties: false },
);

export type DeployRequest = Static<typeof DeployRequest>;
export const DeployRequest = Type.Object(
  {
    model_name: Type.String({
      minLength: 1,
      description:
        "`guide` (built in), `user/repo:Q4_K_M` on the hub, or the path of a GGUF file below the models directory",
    }),
    device: Maybe(
      Type.Union([Device, Type.Literal("mps")], {
        description: "Default: the configured device, `auto` unless set. `mps` means `metal`",
      }),
    ),
    load_in_8bit: Maybe(Type.Boolean({ description: "Take the Q8_0 file where a name stands for several" })),
    load_in_4bit: Maybe(
      Type.Boolean({ description: "Take the Q4_K_M file where a name stands for several" }),
    ),
    trust_remote_code: Maybe(Type.Boolean({ description: "Without effect: a GGUF file carries no code" })),
    hf_token: Maybe(Type.String({ description: "Never logged, stored or echoed" })),
    context_length: Maybe(
      Type.Integer({
        minimum: 1,
        description: "Tokens per slot. Default: the trained length up to 8192, reduced to what fits",
      }),
    ),
    parallel: Maybe(
      Type.Integer({ minimum: 1, maximum: 256, description: "Slots, default 4, reduced to what fits" }),
    ),
    gpu_layers: Maybe(Type.Integer({ minimum: 0, description: "Default: as many as fit" })),
    wait: Maybe(Type.Boolean({ description: "Answer only when the model is ready" })),
    dry_run: Maybe(
      Type.Boolean({
        description: "Only tell what it would take: the answer is that of GET /models/estimate",
      }),
    ),
    force: Maybe(Type.Boolean({ description: "Load it although it does not seem to fit into memory" })),
    alias: Maybe(
      Type.Union(
        [Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { maxItems: 16 })],
        {
          description: "Another name, or several, that requests may use for this deployment",
        },
      ),
    ),
    ttl: Maybe(
      Type.Union([Type.Number({ minimum: -1 }), Type.String({ minLength: 1 })], {
        description:
          "How long it may lie idle before its memory is given back: seconds, or a time such as `30m`; -1 is for ever. The next request loads it again",
      }),
    ),
    kv_cache_type: Maybe(
      Type.Union([Type.Literal("f16"), Type.Literal("q8_0")], {
        description: "How keys and values are kept: `q8_0` takes half the memory. Default `f16`",
      }),
    ),
    flash_attention: Maybe(
      Type.Union([Type.Literal("auto"), Type.Boolean()], {
        description: "Default `auto`: wherever model and device can",
      }),
    ),
    lora: Maybe(
      Type.Array(Type.Union([Type.String({ minLength: 1 }), Lora]), {
        maxItems: 8,
        description: "GGUF adapters below the models directory, by path, or with a scale",
      }),
    ),
    draft_model: Maybe(
      Type.String({
        description:
          "A smaller model on this machine with the same vocabulary that guesses tokens ahead; answers come sooner and stay the same",
      }),
    ),
    system_prompt: Maybe(
      Type.String({ description: "Goes before chats without a system message of their own" }),
    ),
    sampling: Maybe(DeploymentDefaults),
    pinned: Maybe(Type.Boolean({ description: "Never unloaded for being idle or for another model" })),
  },
  {
    $id: "DeployRequest",
    additionalProperties: true,
    examples: [{ model_name: "guide", device: "auto" }],
  },
);

export type DeployAnswer = Static<typeof DeployAnswer>;
export const DeployAnswer = Type.Object(
  {
    message: Type.String(),
    model_name: Type.String(),
    device: Type.String({ description: "As asked for while loading, the one in use when ready" }),
    status: Type.Union([Type.Literal("downloading"), Type.Literal("loading"), Type.Literal("ready")]),
    warnings: Type.Optional(
      Type.Array(Type.String(), { description: "Flags that have no effect, and choices worth knowing" }),
    ),
  },
  { $id: "DeployAnswer" },
);

export type DeploymentState = Static<typeof DeploymentState>;
/**
 * `downloading → loading → ready → draining → stopped`, and `failed` from any of them. `unloaded` gave its
 * memory back because it lay idle, and loads again at the next request.
 */
export const DeploymentState = Type.Union(
  [
    Type.Literal("downloading"),
    Type.Literal("loading"),
    Type.Literal("ready"),
    Type.Literal("unloaded"),
    Type.Literal("draining"),
    Type.Literal("stopped"),
    Type.Literal("failed"),
  ],
  { $id: "DeploymentState" },
);

export type DeploymentStatus = Static<typeof DeploymentStatus>;
/** One deployment as `GET /status` and `GET /events` show it. */
export const DeploymentStatus = Type.Object(
  {
    model_name: Type.String(),
    aliases: Type.Array(Type.String()),
    state: DeploymentState,
    on_demand: Type.Boolean({ description: "Loaded because a request named it, not by `POST /deploy`" }),
    pinned: Type.Boolean(),
    ttl: Nullable(Type.Number({ description: "Seconds it may lie idle; null is for ever" })),
    /** The device in use; as asked for until it is known. */
    device: Type.String(),
    progress: Type.Number({ description: "Of the download or the load, 0 to 1" }),
    options: Type.Object(
      {
        context_length: Nullable(Type.Integer({ description: "Null where it was left open" })),
        parallel: Type.Integer({ description: "Slots at most" }),
        gpu_layers: Nullable(Type.Integer({ description: "Null where it was left open" })),
        kv_cache_type: Type.String(),
        flash_attention: Type.Union([Type.Literal("auto"), Type.Boolean()]),
        draft_model: Nullable(Type.String({ description: "As the request named it" })),
        lora: Type.Array(Type.Object({ path: Type.String(), scale: Type.Number() })),
        system_prompt: Nullable(Type.String()),
        sampling: DeploymentDefaults,
      },
      { description: "As it was deployed" },
    ),
    context_length: Nullable(Type.Integer({ description: "Tokens per slot" })),
    trained_context_length: Nullable(Type.Integer()),
    slots: Nullable(Type.Integer()),
    busy_slots: Type.Integer(),
    queued: Type.Integer(),
    completion_tokens: Type.Optional(Type.Integer({ description: "Generated since the load" })),
    gpu_layers: Nullable(Type.Integer()),
    total_layers: Nullable(Type.Integer()),
    memory_bytes: Nullable(Type.Integer({ description: "Weights, KV cache and compute buffers" })),
    memory: Nullable(
      Type.Object({
        weights: Type.Integer(),
        kv_cache: Type.Integer(),
        compute: Type.Integer(),
        gpu: Type.Integer({ description: "Of all these, what lies on the GPU" }),
      }),
    ),
    architecture: Nullable(Type.String()),
    quantisation: Nullable(Type.String()),
    parameters: Nullable(Type.Integer()),
    file_size: Nullable(Type.Integer()),
    load_time_ms: Nullable(Type.Integer()),
    last_used: Nullable(Type.Integer({ description: "Unix time in seconds" })),
    created: Type.Integer({ description: "Unix time in seconds of the deployment" }),
    pid: Nullable(Type.Integer({ description: "Of the engine process" })),
    restarts: Type.Integer({ description: "Restarts after a crash since the deployment" }),
    notes: Type.Array(Type.String()),
    error: Nullable(Type.String({ description: "Why it failed, or why it last stopped" })),
  },
  { $id: "Deployment" },
);
