import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { QueryAnswer, QueryRequest } from "../../schemas/query.ts";
import { answers } from "../openapi.ts";
import { callerOf } from "./caller.ts";
import { GENERATION_ERRORS } from "./generation-errors.ts";

/** `POST /query` */
export const queryRoutes = ({ query }: Pick<Services, "query">) =>
  new Elysia({ name: "query" }).post(
    "/query",
    async ({ body, request }) => query.answer(body, callerOf(request)),
    {
      parse: "json",
      body: QueryRequest,
      detail: {
        summary: "Ask a model",
        description: "The prompt goes through the model's chat template, where it has one.",
        tags: ["Queries"],
        operationId: "query",
        responses: answers({ json: QueryAnswer, errors: GENERATION_ERRORS }),
      },
    },
  );
