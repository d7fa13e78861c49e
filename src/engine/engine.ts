import type { Device } from "../schemas/device.ts";

/**
 * The seam between the server and whatever runs a model. The first engine is llama.cpp in a child
 * process (`process.ts`); tests put a fake here; a cluster engine reached by URL fits the same shape.
 */
export interface Engine {
  /**
   * Starts what is needed for one model and resolves once it can answer.
   * @throws ApiError `model_load_failed`, `insufficient_memory` or `device_unavailable`, with the
   * loader's own reason; rejects with `signal.reason` when aborted, leaving no process behind.
   */
  load(spec: LoadSpec, hooks: LoadHooks): Promise<LoadedModel>;
  /**
   * What a model would take and how it would be loaded. Needs the header of its file alone: the rest may be a hole.
   * @throws ApiError `model_load_failed`, `device_unavailable`, `invalid_value` for a context above the trained one;
   * rejects with `signal.reason` when aborted
   */
  estimate(spec: EstimateSpec, signal: AbortSignal): Promise<Estimate>;
}

/** A load that is only thought of. */
export interface EstimateSpec extends Pick<
  LoadSpec,
  | "path"
  | "device"
  | "contextLength"
  | "parallel"
  | "gpuLayers"
  | "kvCacheType"
  | "flashAttention"
  | "loras"
  | "draft"
  | "memoryBudget"
  | "threads"
> {
  /** What idle models would give back for it, in bytes. */
  reclaimable: Need;
}

/** Bytes by where they lie. */
export interface Need {
  ram: number;
  vram: number;
}

/** Choices of a load and what they take. */
export interface Layout {
  /** Tokens per slot. */
  contextLength: number;
  slots: number;
  gpuLayers: number;
  memory: MemoryUse;
}

/** What would be loaded, with notes on what a person should know of it. */
export interface Chosen extends Layout {
  /** Whether it is less than was asked for. */
  reduced: boolean;
  notes: string[];
}

export interface Estimate {
  architecture: string;
  quantisation: string | null;
  parameters: number;
  trainedContextLength: number;
  /** The device it would be loaded on, never `auto`. */
  device: Exclude<Device, "auto">;
  totalLayers: number;
  /** Bytes that may be taken now. */
  available: Need;
  /** As it was asked for, whether that fits or not. */
  asked: Layout;
  /** As it would be loaded now; `null`: not at all. */
  chosen: Chosen | null;
  /** The same with the memory of idle models. */
  afterEviction: Chosen | null;
  /** Where the context asked for does not fit: the longest that does, `null` when none does. */
  shorter: Layout | null;
  /** Devices that `auto` tried in vain, and why. */
  notes: string[];
}

/** What to load and how; `null` means "choose what is best here". */
export interface LoadSpec {
  /** The name clients use. */
  name: string;
  /** Absolute path of the GGUF file. */
  path: string;
  device: Device;
  /** Tokens per slot. `null`: the trained length up to 8192, reduced to what fits. */
  contextLength: number | null;
  /** Slots: how many requests are decoded together. Reduced to what fits, never below 1. */
  parallel: number;
  /** Layers on the GPU. `null`: as many as fit beside the KV cache of all slots. */
  gpuLayers: number | null;
  /** How keys and values are kept. */
  kvCacheType: KvCacheType;
  /** `auto`: wherever model and device can. */
  flashAttention: "auto" | boolean;
  /** Adapters that change the weights of every request. */
  loras: Lora[];
  /** Absolute path of a smaller model with the same vocabulary that guesses tokens ahead; `null` for none. */
  draft: string | null;
  /** Bytes of RAM this model may take, cgroup limits and other deployments already taken off; infinite by force. */
  memoryBudget: number;
  /** CPUs that affinity and cgroup quota really give, at least 1. */
  threads: number;
  /** Requests that may wait for a slot; one more is refused with `queue_full`. */
  queueLimit: number;
  /** The longest pause, in milliseconds, a prompt may put into other streams; sizes prefill chunks. */
  pauseMs: number;
  /** What an earlier run measured for this model on this machine, if any. */
  tuning: Tuning | null;
}

export type KvCacheType = "f16" | "q8_0";

export interface Lora {
  /** Absolute path of a GGUF file. */
  path: string;
  /** How strongly it counts; 1 is as it was trained. */
  scale: number;
}

export interface LoadHooks {
  /** Aborts the load. */
  signal: AbortSignal;
  /** `fraction` from 0 to 1, rising. */
  onProgress(fraction: number): void;
  /** The engine measured something worth remembering for the next load of this model. */
  onTuned(tuning: Tuning): void;
  /** A log line of the engine or of llama.cpp, without prompt text. */
  onLog(level: LogLevel, message: string): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Measured once per model and machine. */
export interface Tuning {
  /** Threads that decode fastest. */
  decodeThreads: number;
}

/** A model in memory, ready to answer. */
export interface LoadedModel {
  readonly info: ModelInfo;
  /** Live figures, cheap to read. */
  readonly activity: Activity;
  /** Resolves once when the engine is gone: `null` after `unload()`, else why it died (a sentence for a person). */
  readonly gone: Promise<string | null>;
  /**
   * Resolves when the prompt is rendered, tokenised and known to fit, and a place in the queue is
   * taken; iterating `pieces` yields text as it is decoded.
   * @throws ApiError `context_length_exceeded`, `max_length_exceeded`, `queue_full`, `engine_lost`, or a template's own complaint
   */
  generate(request: GenerateRequest, signal: AbortSignal): Promise<Generation>;
  /**
   * @param fit where the prompt is to be answered: the request field that holds it, named when it does not fit
   * @throws ApiError when the chat template refuses the messages; `context_length_exceeded` with `fit`
   */
  tokenize(prompt: Prompt, fit?: { param: string }): Promise<number[]>;
  /** The text of each token, for `POST /tokenize` with pieces. */
  detokenize(tokens: number[]): Promise<string[]>;
  /**
   * Ends the engine and gives all its memory back; resolves when its process is reaped.
   * Requests still running fail with `reason`, `engine_lost` when none is given.
   */
  unload(reason?: Error): Promise<void>;
}

/** What a load chose and found; stands in `/status`. */
export interface ModelInfo {
  architecture: string;
  /** From the file, e.g. `Q4_K_M`. */
  quantisation: string | null;
  /** Count of weights. */
  parameters: number;
  /** Size of the file in bytes. */
  fileSize: number;
  trainedContextLength: number;
  /** Tokens per slot. */
  contextLength: number;
  slots: number;
  hasChatTemplate: boolean;
  /** The device in use, never `auto`. */
  device: Exclude<Device, "auto">;
  layers: { gpu: number; total: number };
  memory: MemoryUse;
  /** How long the load took, in milliseconds. */
  loadTimeMs: number;
  /** Process id of the engine; `null` where there is none. */
  pid: number | null;
  /** Choices a person should know of, e.g. that fewer slots than asked for fit. */
  notes: string[];
}

/** Bytes, as llama.cpp itself accounts for them. */
export interface MemoryUse {
  weights: number;
  kvCache: number;
  compute: number;
  /** Of all these, how much lies on the GPU. */
  gpu: number;
}

export interface Activity {
  busySlots: number;
  queued: number;
  /** Since the load. */
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  decodes: number;
}

export type Prompt =
  /** Rendered by the model's own chat template; a model without one gets the contents as plain text. */
  | { kind: "chat"; messages: ChatTurn[] }
  /** `addSpecial: false` leaves out the tokens that start a prompt, such as BOS; only `tokenize` is given it. */
  | { kind: "text"; text: string; addSpecial?: boolean }
  | { kind: "tokens"; tokens: ArrayLike<number> };

/** A message as chat templates expect it; content parts are already joined to text. */
export interface ChatTurn {
  role: "system" | "user" | "assistant" | "tool";
  content: string | null;
  name?: string;
  reasoning_content?: string;
  tool_call_id?: string;
  tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
}

export interface GenerateRequest {
  /** Identifies the request in logs and `/requests`. */
  id: string;
  prompt: Prompt;
  /** The request field that holds the prompt, named when it is too long. */
  promptParam: string;
  /** Most tokens to generate; `null`: until the model ends or the context is full. */
  maxTokens: number | null;
  /** Most tokens of prompt and answer together (`max_length` of `POST /query`). */
  maxTotalTokens: number | null;
  sampling: Sampling;
  /** Text that ends the answer and is not part of it; at most 64. */
  stop: string[];
  /** Go on past the model's end-of-generation tokens. */
  ignoreEos: boolean;
  /** It takes the place of an answer of the same request that has ended: no full queue refuses it. */
  follows?: boolean;
}

/** Every value is set: defaults belong to the services. */
export interface Sampling {
  /** 0 is greedy. */
  temperature: number;
  topP: number;
  /** 0 is off. */
  topK: number;
  minP: number;
  presencePenalty: number;
  frequencyPenalty: number;
  /** 1 is off. */
  repeatPenalty: number;
  /** uint32, drawn at random by the service when the client gives none. */
  seed: number;
  /** Added to the logit of each token id, -100 to 100. */
  logitBias: [token: number, bias: number][];
}

export interface Generation {
  readonly promptTokens: number;
  /**
   * Text pieces in order, never splitting a character, then the end. Ending the iteration early
   * cancels the request. May throw ApiError `engine_lost` or `engine_error` at any point.
   */
  readonly pieces: AsyncGenerator<Piece, GenerationEnd>;
}

export interface Piece {
  text: string;
  /** Tokens this piece stands for. */
  tokens: number;
}

export interface GenerationEnd {
  finishReason: "stop" | "length";
  /** Of the prompt, taken from the KV cache. */
  cachedTokens: number;
  completionTokens: number;
  timings: Timings;
}

/** Milliseconds. */
export interface Timings {
  queueMs: number;
  prefillMs: number;
  decodeMs: number;
}
