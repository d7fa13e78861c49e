import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { invalidRequest } from "../../errors.ts";
import { DownloadList, DownloadStatus, PullAnswer, PullRequest } from "../../schemas/download.ts";
import { QueryBoolean } from "../../schemas/query-values.ts";
import { watchDownload } from "../../services/download-events.ts";
import { pullModel } from "../../services/pull.ts";
import { answers } from "../openapi.ts";
import type { Services } from "../services.ts";
import { sseNamed } from "../sse.ts";

const params = Type.Object({ id: Type.String() });
const missing = { 404: "No such download" };

/** Models that are fetched from the hub, and what becomes of it. */
export const downloadRoutes = ({ files, downloads }: Pick<Services, "files" | "downloads">) =>
  new Elysia({ name: "downloads" })
    .post(
      "/models/pull",
      async ({ body, request }) => {
        const name = body.model || body.model_name;
        if (!name)
          throw invalidRequest(
            "'model' is missing: name what to pull",
            "model",
            "missing_required_parameter",
          );
        const answer = await pullModel(body, name, files, downloads);
        if (!body.stream || !answer.download) return answer;
        return sseNamed(watchDownload(downloads.get(answer.download.id), request.signal), request);
      },
      {
        parse: "json",
        body: PullRequest,
        detail: {
          summary: "Download a model",
          description:
            "Answers at once; `GET /downloads/{id}/events` follows it, and `stream` answers with those events. What is here already is not fetched again, and who asks for the same joins.",
          tags: ["Models"],
          operationId: "pullModel",
          responses: answers({
            json: PullAnswer,
            stream: DownloadStatus,
            errors: {
              400: "No GGUF files, no such quantisation, or too little room on the disk",
              403: "A gated repository",
              404: "No such repository or file",
              503: "The hub gives no answer",
            },
          }),
        },
      },
    )
    .get("/downloads", async () => ({ downloads: downloads.list() }), {
      detail: {
        summary: "List the downloads",
        tags: ["Models"],
        operationId: "listDownloads",
        responses: answers({ json: DownloadList }),
      },
    })
    .get("/downloads/:id", async ({ params }) => downloads.get(params.id).status(), {
      params,
      detail: {
        summary: "Show a download",
        tags: ["Models"],
        operationId: "getDownload",
        responses: answers({ json: DownloadStatus, errors: missing }),
      },
    })
    .get(
      "/downloads/:id/events",
      async ({ params, request }) =>
        sseNamed(watchDownload(downloads.get(params.id), request.signal), request),
      {
        params,
        detail: {
          summary: "Follow a download",
          description:
            "Server-sent events named `download`, a few each second while bytes arrive, until it is over or has failed.",
          tags: ["Models"],
          operationId: "watchDownload",
          responses: answers({ stream: DownloadStatus, errors: missing }),
        },
      },
    )
    .post("/downloads/:id/pause", async ({ params }) => downloads.pause(params.id), {
      params,
      detail: {
        summary: "Pause a download",
        tags: ["Models"],
        operationId: "pauseDownload",
        responses: answers({ json: DownloadStatus, errors: missing }),
      },
    })
    .post("/downloads/:id/resume", async ({ params }) => downloads.resume(params.id), {
      params,
      detail: {
        summary: "Go on with a download that is paused or has failed",
        description:
          "With this machine's own token; one that wants another goes on with `POST /models/pull`.",
        tags: ["Models"],
        operationId: "resumeDownload",
        responses: answers({
          json: DownloadStatus,
          errors: { 400: "Too little room on the disk", 409: "It was cancelled", ...missing },
        }),
      },
    })
    .delete(
      "/downloads/:id",
      async ({ params, query }) => downloads.cancel(params.id, query.discard === "true"),
      {
        params,
        query: Type.Object(
          { discard: Type.Optional(QueryBoolean("Remove what arrived, too")) },
          { additionalProperties: true },
        ),
        detail: {
          summary: "Cancel a download, or forget one that is over",
          description: "What arrived is kept, and the next pull of the same goes on with it.",
          tags: ["Models"],
          operationId: "cancelDownload",
          responses: answers({ json: DownloadStatus, errors: missing }),
        },
      },
    );
