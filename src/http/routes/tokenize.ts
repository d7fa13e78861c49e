import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { TokenizeAnswer, TokenizeRequest } from "../../schemas/tokenize.ts";
import { tokenize } from "../../services/tokenize.ts";
import { answers } from "../openapi.ts";
import { callerOf } from "./caller.ts";

/** `POST /tokenize` */
export const tokenizeRoutes = ({ models }: Pick<Services, "models">) =>
  new Elysia({ name: "tokenize" }).post(
    "/tokenize",
    async ({ body, request }) => tokenize(models, body, callerOf(request).signal),
    {
      parse: "json",
      body: TokenizeRequest,
      detail: {
        summary: "Count the tokens of a text or a chat",
        description:
          "Exactly the tokens that a completion of this text, or a chat completion, would start from. At most 2^20 characters at once.",
        tags: ["Queries"],
        operationId: "tokenize",
        responses: answers({
          json: TokenizeAnswer,
          errors: {
            400: "No prompt or several, one that is too long, or nothing is deployed",
            404: "No such deployment",
          },
        }),
      },
    },
  );
