import { Type } from "@sinclair/typebox";
import { Maybe } from "./shared.ts";

/**
 * The fields that say how to choose tokens and when to stop, the same on every OpenAI endpoint. The defaults hold where
 * neither the deployment nor the model's file says otherwise.
 */
export const SamplingFields = {
  temperature: Maybe(
    Type.Number({
      minimum: 0,
      maximum: 2,
      description:
        "Default: as the deployment or the model's file says, else 1; 0 always takes the likeliest token",
    }),
  ),
  top_p: Maybe(Type.Number({ minimum: 0, maximum: 1, description: "Default 1, which is off" })),
  top_k: Maybe(Type.Integer({ minimum: -1, description: "Default 0; 0 and -1 are off" })),
  min_p: Maybe(Type.Number({ minimum: 0, maximum: 1, description: "Default 0, which is off" })),
  presence_penalty: Maybe(Type.Number({ minimum: -2, maximum: 2, description: "Default 0" })),
  frequency_penalty: Maybe(Type.Number({ minimum: -2, maximum: 2, description: "Default 0" })),
  repeat_penalty: Maybe(Type.Number({ exclusiveMinimum: 0, description: "Default 1, which is off" })),
  repetition_penalty: Maybe(
    Type.Number({ exclusiveMinimum: 0, description: "Another name of `repeat_penalty`" }),
  ),
  seed: Maybe(
    Type.Integer({ description: "The same seed repeats an answer. Default, and -1: drawn at random" }),
  ),
  logit_bias: Maybe(
    Type.Record(Type.String(), Type.Number({ minimum: -100, maximum: 100 }), {
      description: "Token id → added to its logit; -100 forbids a token",
    }),
  ),
  stop: Maybe(
    // OpenAI takes 4; editors that complete code send more to everybody else.
    Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 64 })], {
      description: "Up to 64 strings that end the answer and are not part of it",
    }),
  ),
  ignore_eos: Maybe(Type.Boolean({ description: "Go on when the model would end" })),
};

/** The field that says how long a model stays in memory after a request. */
export const KeepAliveField = {
  keep_alive: Maybe(
    Type.Union([Type.Number(), Type.String({ minLength: 1 })], {
      description:
        "How long the model may lie idle in memory afterwards: seconds, or a time such as `30m`; -1 is for ever, 0 unloads it at once. Default: as it was deployed",
    }),
  ),
};

const StreamOptions = Type.Object(
  { include_usage: Maybe(Type.Boolean({ description: "Send a last chunk with the token counts" })) },
  { additionalProperties: true },
);

/** The fields that choose between one answer and a stream. */
export const StreamFields = {
  stream: Maybe(Type.Boolean()),
  stream_options: Maybe(StreamOptions),
};

/** An upper bound on the tokens of the answer. */
export const TokenLimit = (description: string) => Maybe(Type.Integer({ minimum: 1, description }));

/** What a request may say for no bound but the context, as in llama-server and LM Studio. */
export const NO_LIMIT = -1;

/** The same for one request, which may also lift the bound that the deployment has. */
export const RequestTokenLimit = (description: string) =>
  Maybe(
    Type.Union([Type.Integer({ minimum: 1 }), Type.Literal(NO_LIMIT)], {
      description: `${description}; -1 sets no limit, whatever the deployment's is`,
    }),
  );
