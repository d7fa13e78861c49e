import { type Static, Type } from "@sinclair/typebox";
import { KeepAliveField, SamplingFields, StreamFields, RequestTokenLimit } from "./sampling.ts";
import { Maybe, Nullable } from "./shared.ts";
import { FinishReason, TimingsAnswer, Usage } from "./usage.ts";

export type ContentPart = Static<typeof ContentPart>;
/** Which types are served depends on the model, so the service judges `type`, not the schema. */
export const ContentPart = Type.Object(
  {
    type: Type.String({ description: "`text`; images, audio and files are refused" }),
    text: Type.Optional(Type.String()),
  },
  { $id: "ContentPart", additionalProperties: true },
);

export type ToolCall = Static<typeof ToolCall>;
export const ToolCall = Type.Object(
  {
    id: Maybe(Type.String()),
    type: Maybe(Type.Literal("function")),
    function: Type.Object(
      { name: Type.String(), arguments: Type.String({ description: "JSON as the model wrote it" }) },
      { additionalProperties: true },
    ),
  },
  { $id: "ToolCall", additionalProperties: true },
);

export type ChatMessage = Static<typeof ChatMessage>;
export const ChatMessage = Type.Object(
  {
    role: Type.Union([
      Type.Literal("system"),
      Type.Literal("developer"),
      Type.Literal("user"),
      Type.Literal("assistant"),
      Type.Literal("tool"),
    ]),
    content: Maybe(Type.Union([Type.String(), Type.Array(ContentPart)])),
    name: Maybe(Type.String()),
    tool_call_id: Maybe(Type.String({ description: "Role `tool`: the call this is the result of" })),
    tool_calls: Maybe(Type.Array(ToolCall, { description: "Role `assistant`: calls made earlier" })),
    reasoning_content: Maybe(Type.String({ description: "Role `assistant`: its thoughts" })),
  },
  { $id: "ChatMessage", additionalProperties: true },
);

export type ChatRequest = Static<typeof ChatRequest>;
export const ChatRequest = Type.Object(
  {
    model: Type.String({ minLength: 1, description: "The name of a deployed model" }),
    messages: Type.Array(ChatMessage, { minItems: 1 }),
    max_completion_tokens: RequestTokenLimit("Default: until the model ends or the context is full"),
    max_tokens: RequestTokenLimit("The older name of `max_completion_tokens`, which wins"),
    ...SamplingFields,
    ...StreamFields,
    ...KeepAliveField,
    user: Maybe(Type.String({ description: "Without effect" })),
  },
  {
    $id: "ChatRequest",
    additionalProperties: true,
    examples: [{ model: "guide", messages: [{ role: "user", content: "Hello!" }] }],
  },
);

const head = {
  id: Type.String(),
  created: Type.Integer({ description: "Unix time in seconds" }),
  model: Type.String(),
  system_fingerprint: Type.String({ description: "Changes when weights or device change" }),
};

export type ChatCompletion = Static<typeof ChatCompletion>;
export const ChatCompletion = Type.Object(
  {
    ...head,
    object: Type.Literal("chat.completion"),
    choices: Type.Array(
      Type.Object({
        index: Type.Integer(),
        message: Type.Object({
          role: Type.Literal("assistant"),
          content: Type.String(),
          refusal: Type.Null(),
        }),
        logprobs: Type.Null(),
        finish_reason: FinishReason,
      }),
    ),
    usage: Usage,
    timings: TimingsAnswer,
  },
  { $id: "ChatCompletion" },
);

export type ChatChunk = Static<typeof ChatChunk>;
export const ChatChunk = Type.Object(
  {
    ...head,
    object: Type.Literal("chat.completion.chunk"),
    choices: Type.Array(
      Type.Object({
        index: Type.Integer(),
        delta: Type.Object({
          role: Type.Optional(Type.Literal("assistant")),
          content: Type.Optional(Type.String()),
        }),
        logprobs: Type.Null(),
        finish_reason: Nullable(FinishReason),
      }),
    ),
    /** With `include_usage`: null but in the last chunk, which has no choices. */
    usage: Type.Optional(Nullable(Usage)),
    timings: Type.Optional(TimingsAnswer),
  },
  { $id: "ChatChunk" },
);
