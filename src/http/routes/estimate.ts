import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { ApiError } from "../../errors.ts";
import type { DeployRequest } from "../../schemas/deployment.ts";
import { Device } from "../../schemas/device.ts";
import { EstimateAnswer } from "../../schemas/estimate.ts";
import { QueryBoolean, QueryInteger } from "../../schemas/query-values.ts";
import { answers } from "../openapi.ts";
import type { Services } from "../services.ts";

const EstimateQuery = Type.Object(
  {
    model: Type.String({ minLength: 1, description: "Any name that POST /deploy takes" }),
    device: Type.Optional(Device),
    context_length: Type.Optional(QueryInteger(1, "Tokens per slot")),
    parallel: Type.Optional(QueryInteger(1, "Slots")),
    gpu_layers: Type.Optional(QueryInteger(0, "Layers on the GPU")),
    kv_cache_type: Type.Optional(Type.Union([Type.Literal("f16"), Type.Literal("q8_0")])),
    flash_attention: Type.Optional(
      Type.Union([Type.Literal("auto"), Type.Literal("true"), Type.Literal("false")]),
    ),
    draft_model: Type.Optional(Type.String({ minLength: 1, description: "A model on this machine" })),
    load_in_8bit: Type.Optional(QueryBoolean()),
    load_in_4bit: Type.Optional(QueryBoolean()),
  },
  { additionalProperties: true },
);

/** `GET /models/estimate` */
export const estimateRoutes = ({ advisor }: Pick<Services, "advisor">) =>
  new Elysia({ name: "estimate" }).get(
    "/models/estimate",
    async ({ query, request }) => {
      try {
        return await advisor.estimate(toRequest(query), request.signal);
      } catch (error) {
        throw error instanceof ApiError ? error.namedBy("model") : error;
      }
    },
    {
      query: EstimateQuery,
      detail: {
        summary: "Tell whether a model fits, before it is downloaded or loaded",
        description:
          "Reads the header of its file, from the hub where it is not here, and lets llama.cpp work out weights, KV cache and buffers; answers with what it would be loaded with, how fast it would be, and what to take instead.",
        tags: ["Models"],
        operationId: "estimateModel",
        responses: answers({
          json: EstimateAnswer,
          errors: {
            400: "No model can be made of the file",
            404: "No such model",
            503: "The hub gives no answer",
          },
        }),
      },
    },
  );

function toRequest(query: Static<typeof EstimateQuery>): DeployRequest {
  const { model, device, context_length, parallel, gpu_layers, kv_cache_type } = query;
  const { flash_attention, draft_model } = query;
  return {
    model_name: model,
    device,
    context_length: toNumber(context_length),
    parallel: toNumber(parallel),
    gpu_layers: toNumber(gpu_layers),
    kv_cache_type,
    flash_attention: flash_attention === "auto" ? "auto" : toBoolean(flash_attention),
    draft_model,
    load_in_8bit: query.load_in_8bit === "true",
    load_in_4bit: query.load_in_4bit === "true",
  };
}

const toNumber = (text: string | undefined) => (text === undefined ? undefined : Number(text));

const toBoolean = (text: string | undefined) => (text === undefined ? undefined : text === "true");
