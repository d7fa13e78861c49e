import { ApiError } from "../errors.ts";
import { derive } from "./request-context.ts";

/**
 * The request with its body bounded to `limit` bytes.
 *
 * Bun has a limit of its own, but answers past it with an empty body before any handler runs; so that
 * one is switched off and this one tells the client what is wrong. A declared length is judged at
 * once; a body without one (chunked) is counted while it is read, and reading on past the limit fails
 * with the same error.
 *
 * @throws ApiError 413 `request_too_large`
 */
export function limitBody(request: Request, limit: number): Request {
  const declared = request.headers.get("content-length");
  // The HTTP parser holds a client to the length it declared, so there is nothing left to count.
  if (declared !== null) {
    if (Number(declared) > limit) throw requestTooLarge(limit);
    return request;
  }
  if (!request.headers.has("transfer-encoding") || request.body === null) return request;
  return derive(request, { body: request.body.pipeThrough(counter(limit)) });
}

/** The 413 inside whatever the body parser made of it. */
export function findTooLarge(error: unknown): ApiError | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof ApiError && cause.status === 413) return cause;
  return null;
}

function counter(limit: number): TransformStream<Uint8Array, Uint8Array> {
  let seen = 0;
  return new TransformStream({
    transform(chunk, controller) {
      seen += chunk.byteLength;
      if (seen > limit) throw requestTooLarge(limit);
      controller.enqueue(chunk);
    },
  });
}

const requestTooLarge = (limit: number) =>
  new ApiError(
    413,
    "invalid_request_error",
    `The request body is larger than the ${limit} bytes this server takes (BERTH_BODY_LIMIT)`,
    { code: "request_too_large" },
  );
