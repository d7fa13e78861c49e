import type { WireError } from "../errors.ts";
import type {
  Activity,
  Estimate,
  EstimateSpec,
  GenerateRequest,
  LoadSpec,
  LogLevel,
  ModelInfo,
  Prompt,
  Tuning,
} from "./engine.ts";

/*
 * Long lists of tokens cross as typed arrays: the channel takes a microsecond for every element of a plain one, in
 * which neither side does anything else.
 */

/** Every message from the server to an engine process. */
export type ToWorker =
  | { type: "load"; spec: LoadSpec }
  /** Answered with `estimated` or `failed`; nothing is loaded. */
  | { type: "estimate"; spec: EstimateSpec }
  | { type: "generate"; id: string; request: GenerateRequest }
  /** The client is gone: free the slot within one step. Unknown ids are ignored. */
  | { type: "cancel"; id: string }
  | { type: "tokenize"; id: string; prompt: Prompt; fit?: { param: string } | undefined }
  | { type: "detokenize"; id: string; tokens: ArrayLike<number> }
  /** End cleanly and exit with code 0. */
  | { type: "unload" };

/** Every message from an engine process to the server. */
export type FromWorker =
  | { type: "progress"; fraction: number }
  | { type: "ready"; info: ModelInfo }
  | { type: "failed"; error: WireError }
  | { type: "estimated"; estimate: Estimate }
  /** The prompt fits and the request has a slot or a place in the queue. */
  | { type: "admitted"; id: string; promptTokens: number }
  /** The request is over without an end of its own: refused, or broken in a step. */
  | { type: "error"; id: string; error: WireError }
  | { type: "tokens"; id: string; tokens: Uint32Array }
  | { type: "texts"; id: string; texts: string[] }
  /** All that a step brought to all requests, or several short ones, in order. */
  | { type: "step"; outputs: StepOutput[]; activity: Activity }
  /** Sent on a timer by the JavaScript thread, whatever llama.cpp does meanwhile. */
  | { type: "heartbeat"; step: RunningStep | null; activity: Activity }
  | { type: "tuned"; tuning: Tuning }
  | { type: "log"; level: LogLevel; message: string };

export interface StepOutput {
  id: string;
  /** May be empty while a character or a possible stop string is held back. */
  text: string;
  /** Tokens decoded for this request in this step. */
  tokens: number;
  /** Set in the request's last output. */
  end?: {
    finishReason: "stop" | "length";
    cachedTokens: number;
    completionTokens: number;
    queueMs: number;
    prefillMs: number;
    decodeMs: number;
  };
}

/** A step that has not ended yet, so that the server can judge whether it hangs. */
export interface RunningStep {
  ageMs: number;
  /** What its tokens should take at this model's measured speed, in milliseconds. */
  expectedMs: number;
}
