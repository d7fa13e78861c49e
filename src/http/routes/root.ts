import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { prefersHtml } from "../accept.ts";
import { answers } from "../openapi.ts";

const ENDPOINTS = {
  deploy: "POST /deploy",
  query: "POST /query",
  status: "GET /status",
  undeploy: "DELETE /undeploy",
  chat_completions: "POST /v1/chat/completions",
  completions: "POST /v1/completions",
  models: "GET /v1/models",
  model: "GET /v1/models/{id}",
  tokenize: "POST /tokenize",
  estimate: "GET /models/estimate",
  recommendations: "GET /recommendations",
  disk_models: "GET /models",
  disk_model: "GET /models/{id}",
  remove_model: "DELETE /models/{id}",
  pull: "POST /models/pull",
  downloads: "GET /downloads",
  download: "GET /downloads/{id}",
  watch_download: "GET /downloads/{id}/events",
  pause_download: "POST /downloads/{id}/pause",
  resume_download: "POST /downloads/{id}/resume",
  cancel_download: "DELETE /downloads/{id}",
  search_hub: "GET /hub/search",
  requests: "GET /requests",
  cancel_request: "POST /requests/{id}/cancel",
  events: "GET /events",
  config: "GET /config",
  health: "GET /health",
  ready: "GET /readyz",
  web_interface: "GET /web-interface",
  docs: "GET /docs",
  openapi: "GET /openapi.json",
};

type RootAnswer = Static<typeof RootAnswer>;
const RootAnswer = Type.Object(
  {
    service: Type.Literal("Berth"),
    version: Type.String(),
    endpoints: Type.Record(Type.String(), Type.String({ description: "Method and path" })),
  },
  { $id: "Root" },
);

/** `GET /`: the page for a browser, a table of contents for everything else. */
export const rootRoutes = ({ version, web }: Pick<Services, "version" | "web">) =>
  new Elysia({ name: "root" }).get(
    "/",
    async ({ request }) => {
      const answer: RootAnswer = { service: "Berth", version, endpoints: ENDPOINTS };
      const response = prefersHtml(request.headers.get("accept"))
        ? await web.response(request)
        : Response.json(answer);
      response.headers.append("vary", "accept");
      return response;
    },
    {
      detail: {
        summary: "What this server is and where its endpoints are",
        description: "A client that prefers `text/html` gets the web page.",
        tags: ["Operation"],
        operationId: "getRoot",
        responses: answers({ json: RootAnswer }),
      },
    },
  );
