import { type Static, Type } from "@sinclair/typebox";
import { KeepAliveField } from "./sampling.ts";
import { Maybe } from "./shared.ts";

export type QueryRequest = Static<typeof QueryRequest>;
export const QueryRequest = Type.Object(
  {
    prompt: Type.String({ minLength: 1 }),
    max_length: Maybe(
      Type.Integer({ minimum: 1, description: "Tokens of prompt and answer together. Default 512" }),
    ),
    max_new_tokens: Maybe(
      Type.Integer({ minimum: 1, description: "Tokens of the answer; wins over `max_length`" }),
    ),
    temperature: Maybe(
      Type.Number({
        minimum: 0,
        maximum: 2,
        description: "Default: as the deployment or the model's file says, else 0.7",
      }),
    ),
    top_p: Maybe(Type.Number({ minimum: 0, maximum: 1, description: "Default 0.9" })),
    top_k: Maybe(Type.Integer({ minimum: 0, description: "Default 50; 0 is off" })),
    do_sample: Maybe(Type.Boolean({ description: "Default true; false always takes the likeliest token" })),
    num_return_sequences: Maybe(
      Type.Integer({
        minimum: 1,
        maximum: 8,
        description:
          "Answers to the same prompt. Default 1; more need `temperature` and `top_p` above 0 and `top_k` not 1",
      }),
    ),
    ...KeepAliveField,
    model_name: Maybe(
      Type.String({ minLength: 1, description: "Default: the most recently deployed model that is ready" }),
    ),
  },
  {
    $id: "QueryRequest",
    additionalProperties: true,
    examples: [{ prompt: "What is a berth?", max_new_tokens: 100, temperature: 0.7 }],
  },
);

export type QueryAnswer = Static<typeof QueryAnswer>;
export const QueryAnswer = Type.Object(
  {
    response: Type.String({ description: "The first answer" }),
    model_name: Type.String(),
    generation_time: Type.Number({ description: "Seconds, waiting for a slot included" }),
    input_tokens: Type.Integer({ description: "Tokens of the prompt, chat template included" }),
    output_tokens: Type.Integer({ description: "Tokens of all answers" }),
    responses: Type.Optional(
      Type.Array(Type.String(), { description: "Every answer, when more than one was asked for" }),
    ),
  },
  { $id: "QueryAnswer" },
);
