import { type Static, Type } from "@sinclair/typebox";
import { KeepAliveField, SamplingFields, StreamFields, RequestTokenLimit } from "./sampling.ts";
import { Maybe, Nullable } from "./shared.ts";
import { FinishReason, TimingsAnswer, Usage } from "./usage.ts";

/** OpenAI clients refuse choices with an index of 128 or more. */
const MOST_PROMPTS = 128;

const TokenIds = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 });

export type CompletionPrompt = Static<typeof CompletionPrompt>;
export const CompletionPrompt = Type.Union(
  [
    Type.String(),
    Type.Array(Type.String(), { minItems: 1, maxItems: MOST_PROMPTS }),
    TokenIds,
    Type.Array(TokenIds, { minItems: 1, maxItems: MOST_PROMPTS }),
  ],
  { description: "Text or token ids, or several of either; several give one choice each, in order" },
);

export type CompletionRequest = Static<typeof CompletionRequest>;
export const CompletionRequest = Type.Object(
  {
    model: Type.String({ minLength: 1, description: "The name of a deployed model" }),
    prompt: CompletionPrompt,
    max_tokens: RequestTokenLimit("For each prompt. Default 16, as the OpenAI API has it"),
    max_completion_tokens: RequestTokenLimit("The name that chats have for `max_tokens`, which wins"),
    ...SamplingFields,
    ...StreamFields,
    ...KeepAliveField,
    user: Maybe(Type.String({ description: "Without effect" })),
  },
  {
    $id: "CompletionRequest",
    additionalProperties: true,
    examples: [{ model: "guide", prompt: "Once upon a time", max_tokens: 50 }],
  },
);

const choice = { text: Type.String(), index: Type.Integer(), logprobs: Type.Null() };

const head = {
  id: Type.String(),
  object: Type.Literal("text_completion"),
  created: Type.Integer({ description: "Unix time in seconds" }),
  model: Type.String(),
  system_fingerprint: Type.String({ description: "Changes when weights or device change" }),
};

export type Completion = Static<typeof Completion>;
export const Completion = Type.Object(
  {
    ...head,
    choices: Type.Array(Type.Object({ ...choice, finish_reason: FinishReason })),
    usage: Usage,
    timings: TimingsAnswer,
  },
  { $id: "Completion" },
);

export type CompletionChunk = Static<typeof CompletionChunk>;
export const CompletionChunk = Type.Object(
  {
    ...head,
    choices: Type.Array(Type.Object({ ...choice, finish_reason: Nullable(FinishReason) })),
    usage: Type.Optional(Nullable(Usage)),
    timings: Type.Optional(TimingsAnswer),
  },
  { $id: "CompletionChunk" },
);
