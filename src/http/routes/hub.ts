import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { HubSearchAnswer } from "../../schemas/hub.ts";
import { QueryInteger } from "../../schemas/query-values.ts";
import { answers } from "../openapi.ts";
import type { Services } from "../services.ts";

const MOST = 50;

const SearchQuery = Type.Object(
  {
    q: Type.String({ minLength: 1, maxLength: 200 }),
    limit: Type.Optional(QueryInteger(1, `Default 10, at most ${MOST}`)),
  },
  { additionalProperties: true },
);

/** `GET /hub/search` */
export const hubRoutes = ({ hub }: Pick<Services, "hub">) =>
  new Elysia({ name: "hub" }).get(
    "/hub/search",
    async ({ query, request }) => ({
      query: query.q,
      repositories: await hub.search(query.q, Math.min(Number(query.limit ?? 10), MOST), request.signal),
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
