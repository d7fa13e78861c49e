import { type Static, Type } from "@sinclair/typebox";

export type Usage = Static<typeof Usage>;
/** Tokens that a request took. */
export const Usage = Type.Object(
  {
    prompt_tokens: Type.Integer(),
    completion_tokens: Type.Integer(),
    total_tokens: Type.Integer(),
    prompt_tokens_details: Type.Object({
      cached_tokens: Type.Integer({ description: "Of the prompt, taken from the KV cache" }),
    }),
    completion_tokens_details: Type.Object({
      reasoning_tokens: Type.Integer({ description: "0: thoughts are part of the answer's text" }),
    }),
  },
  { $id: "Usage" },
);

export type TimingsAnswer = Static<typeof TimingsAnswer>;
/** How fast an answer was, in the terms of llama-server. */
export const TimingsAnswer = Type.Object(
  {
    queue_ms: Type.Number({ description: "Waited for a slot" }),
    cache_n: Type.Integer({ description: "Prompt tokens taken from the KV cache" }),
    prompt_n: Type.Integer({ description: "Prompt tokens evaluated" }),
    prompt_ms: Type.Number(),
    prompt_per_second: Type.Number(),
    predicted_n: Type.Integer({ description: "Tokens of the answer" }),
    predicted_ms: Type.Number(),
    predicted_per_second: Type.Number(),
  },
  { $id: "Timings" },
);

export type FinishReason = Static<typeof FinishReason>;
export const FinishReason = Type.Union([Type.Literal("stop"), Type.Literal("length")], {
  description: "`length`: the token limit or the end of the context was reached",
});
