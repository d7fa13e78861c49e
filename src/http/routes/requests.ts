import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { CancelAnswer, RequestList } from "../../schemas/request.ts";
import { answers } from "../openapi.ts";

/** `GET /requests` and `POST /requests/{id}/cancel` */
export const requestRoutes = ({ requests }: Pick<Services, "requests">) =>
  new Elysia({ name: "requests" })
    .get("/requests", async () => ({ requests: requests.list() }), {
      detail: {
        summary: "List the requests in flight",
        tags: ["Operation"],
        operationId: "listRequests",
        responses: answers({ json: RequestList }),
      },
    })
    .post(
      "/requests/:id/cancel",
      async ({ params }) => {
        requests.cancel(params.id);
        return { id: params.id, message: `The request '${params.id}' is cancelled` };
      },
      {
        params: Type.Object({ id: Type.String() }),
        detail: {
          summary: "Cancel a request in flight",
          description: "Its slot is free within one step; its client gets the error `request_cancelled`.",
          tags: ["Operation"],
          operationId: "cancelRequest",
          responses: answers({ json: CancelAnswer, errors: { 404: "No such request in flight" } }),
        },
      },
    );
