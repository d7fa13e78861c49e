import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { ChatChunk, ChatCompletion, ChatRequest } from "../../schemas/chat.ts";
import { answers } from "../openapi.ts";
import { sse } from "../sse.ts";
import { callerOf } from "./caller.ts";
import { GENERATION_ERRORS } from "./generation-errors.ts";

/** `POST /v1/chat/completions` */
export const chatRoutes = ({ chat }: Pick<Services, "chat">) =>
  new Elysia({ name: "chat" }).post(
    "/v1/chat/completions",
    async ({ body, request }) => {
      const caller = callerOf(request);
      return body.stream ? sse(chat.stream(body, caller), request) : chat.complete(body, caller);
    },
    {
      parse: "json",
      body: ChatRequest,
      detail: {
        summary: "Create a chat completion",
        description: "The messages go through the model's own chat template.",
        tags: ["OpenAI"],
        operationId: "createChatCompletion",
        responses: answers({ json: ChatCompletion, stream: ChatChunk, errors: GENERATION_ERRORS }),
      },
    },
  );
