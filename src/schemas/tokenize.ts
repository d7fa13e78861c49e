import { type Static, Type } from "@sinclair/typebox";
import { ChatMessage } from "./chat.ts";
import { Maybe } from "./shared.ts";

export type TokenizeRequest = Static<typeof TokenizeRequest>;
/** Exactly one of `content`, `prompt` and `messages`. */
export const TokenizeRequest = Type.Object(
  {
    content: Maybe(Type.String({ description: "A text" })),
    prompt: Maybe(Type.String({ description: "Another name of `content`" })),
    messages: Maybe(
      Type.Array(ChatMessage, { minItems: 1, description: "A chat, rendered by the model's template" }),
    ),
    model: Maybe(
      Type.String({ minLength: 1, description: "Default: the most recently deployed model that is ready" }),
    ),
    add_special: Maybe(
      Type.Boolean({ description: "Default true: a text gets the tokens that start a prompt, such as BOS" }),
    ),
    add_special_tokens: Maybe(Type.Boolean({ description: "Another name of `add_special`" })),
    with_pieces: Maybe(Type.Boolean({ description: "Also answer the text of each token" })),
  },
  {
    $id: "TokenizeRequest",
    additionalProperties: true,
    examples: [{ messages: [{ role: "user", content: "Hello!" }], with_pieces: true }],
  },
);

export type TokenizeAnswer = Static<typeof TokenizeAnswer>;
export const TokenizeAnswer = Type.Object(
  {
    tokens: Type.Array(Type.Integer()),
    count: Type.Integer(),
    max_model_len: Type.Integer({ description: "Tokens that fit into the context of one request" }),
    pieces: Type.Optional(
      Type.Array(Type.String(), { description: "A character of several tokens shows as U+FFFD in each" }),
    ),
  },
  { $id: "TokenizeAnswer" },
);
