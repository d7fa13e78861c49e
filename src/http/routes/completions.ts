import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { Completion, CompletionChunk, CompletionRequest } from "../../schemas/completion.ts";
import { answers } from "../openapi.ts";
import { sse } from "../sse.ts";
import { callerOf } from "./caller.ts";
import { GENERATION_ERRORS } from "./generation-errors.ts";

/** `POST /v1/completions` */
export const completionRoutes = ({ completions }: Pick<Services, "completions">) =>
  new Elysia({ name: "completions" }).post(
    "/v1/completions",
    async ({ body, request }) => {
      const caller = callerOf(request);
      return body.stream
        ? sse(completions.stream(body, caller), request)
        : completions.complete(body, caller);
    },
    {
      parse: "json",
      body: CompletionRequest,
      detail: {
        summary: "Create a text completion",
        description: "The prompt goes to the model as it is, without chat template.",
        tags: ["OpenAI"],
        operationId: "createCompletion",
        responses: answers({ json: Completion, stream: CompletionChunk, errors: GENERATION_ERRORS }),
      },
    },
  );
