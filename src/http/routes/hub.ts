import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { HubSearchAnswer } from "../../schemas/hub.ts";
import { answers } from "../openapi.ts";
import type { Services } from "../services.ts";

const SearchQuery = Type.Object(
  {
    q: Type.String({ minLength: 1, maxLength: 200 }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, default: 10 })),
  },
  { additionalProperties: true },
);

/** `GET /hub/search` */
export const hubRoutes = ({ hub }: Pick<Services, "hub">) =>
  new Elysia({ name: "hub" }).get(
    "/hub/search",
    async ({ query, request }) => ({
      query: query.q,
      repositories: await hub.search(query.q, query.limit ?? 10, request.signal),
    }),
    {
      query: SearchQuery,
      detail: {
        summary: "Find repositories with GGUF files on the hub",
        tags: ["Models"],
        operationId: "searchHub",
        responses: answers({ json: HubSearchAnswer, errors: { 503: "The hub gives no answer" } }),
      },
    },
  );
