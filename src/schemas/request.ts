import { type Static, Type } from "@sinclair/typebox";
import { Nullable } from "./shared.ts";

export type RequestState = Static<typeof RequestState>;
export const RequestState = Type.Union(
  [Type.Literal("waiting"), Type.Literal("queued"), Type.Literal("prefill"), Type.Literal("decoding")],
  {
    description:
      "`waiting`: its model is being loaded; `queued`: waits for a slot; `prefill`: the prompt is evaluated; `decoding`: it is answered",
  },
);

export type RequestStatus = Static<typeof RequestStatus>;
/** A request in flight, as `GET /requests` shows it; never its text. */
export const RequestStatus = Type.Object(
  {
    id: Type.String({ description: "The `id` of the answer" }),
    request_id: Nullable(Type.String({ description: "The `x-request-id` of the answer" })),
    endpoint: Type.String(),
    model: Type.String(),
    state: RequestState,
    started: Type.Number({ description: "Unix time in seconds" }),
    elapsed_ms: Type.Integer(),
    prompt_tokens: Type.Integer(),
    completion_tokens: Type.Integer({ description: "So far" }),
  },
  { $id: "RequestStatus" },
);

export type RequestList = Static<typeof RequestList>;
export const RequestList = Type.Object(
  { requests: Type.Array(RequestStatus, { description: "Oldest first" }) },
  { $id: "RequestList" },
);

export type CancelAnswer = Static<typeof CancelAnswer>;
export const CancelAnswer = Type.Object(
  { id: Type.String(), message: Type.String() },
  { $id: "CancelAnswer" },
);

export type RequestStatistics = Static<typeof RequestStatistics>;
/** Counted since the start of the server. */
export const RequestStatistics = Type.Object(
  {
    running: Type.Integer(),
    finished: Type.Integer({ description: "Answered to the end" }),
    failed: Type.Integer(),
    cancelled: Type.Integer({ description: "The client left, or an operator ended them" }),
    prompt_tokens: Type.Integer(),
    cached_tokens: Type.Integer({ description: "Of the prompts, taken from the KV cache" }),
    completion_tokens: Type.Integer(),
    tokens_per_second: Type.Number({ description: "Decoded for all requests, over the last seconds" }),
    first_token_ms: Nullable(
      Type.Number({ description: "From a request to its first token: the mean of the last seconds" }),
    ),
  },
  { $id: "RequestStatistics" },
);
