import { Elysia, NotFoundError, ParseError, ValidationError } from "elysia";
import { ApiError, invalidRequest, requestCancelled } from "../errors.ts";
import { allowedMethods, type Router } from "./allowed-methods.ts";
import { findTooLarge } from "./body-limit.ts";
import { contextOf } from "./request-context.ts";
import { explainInvalid } from "./validation.ts";

/** Whatever a route throws becomes the error envelope; `router` tells a wrong method from an unknown path. */
export function errorHandler(router: () => Router) {
  return new Elysia({ name: "errors" }).onError({ as: "global" }, ({ error, request, path }) =>
    answerError(error instanceof NotFoundError ? notFound(request, path, router()) : error, request, path),
  );
}

/** Logs what is a fault of the server, and answers. */
export function answerError(error: unknown, request: Request, path: string): Response {
  // Nobody reads the answer to a client that has left.
  const { aborted, reason } = request.signal;
  const answer = aborted && error === reason ? requestCancelled() : toApiError(error);
  const { status, code, message } = answer;
  const { log } = contextOf(request);
  // The others were meant, such as a model that still loads, and what caused them was logged where it happened.
  if (status === 500) log.error({ err: loggable(error), path, code }, "request failed");
  else if (status > 500) log.debug({ path, status, code, reason: message }, "request not served");
  return errorResponse(answer, path);
}

/** Elysia writes the whole value at fault into its message, and that may be a prompt or an answer. */
export function loggable(error: unknown): unknown {
  if (!(error instanceof ValidationError)) return error;
  const { path, message } = error.valueError ?? {};
  return new Error(`The ${error.type} does not match its schema at '${path}': ${message}`);
}

/** What the client is told of anything thrown; only an `ApiError` speaks for itself. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const tooLarge = findTooLarge(error);
  if (tooLarge) return tooLarge;
  if (error instanceof ParseError)
    return invalidRequest("The request body is not valid JSON", undefined, "invalid_json");
  // An answer of ours that does not match its own schema is our fault, not the client's.
  if (error instanceof ValidationError && error.type !== "response") return explainInvalid(error);
  return new ApiError(
    500,
    "server_error",
    "The server failed on this request; its log has the cause under the request id",
    { code: "internal_error", cause: error },
  );
}

/**
 * The failure as a response: the OpenAI envelope, and `detail` on the documented endpoints, whose
 * clients read that. SDKs retry some statuses whatever the reason, so a failure that stays says so.
 */
function errorResponse(error: ApiError, path: string): Response {
  const body = isOpenAiPath(path) ? error.toBody() : { ...error.toBody(), detail: error.message };
  const answer = Response.json(body, { status: error.status });
  if (error.retryAfter !== null) answer.headers.set("retry-after", String(Math.ceil(error.retryAfter)));
  else if (error.status !== 500) answer.headers.set("x-should-retry", "false");
  if (error instanceof MethodNotAllowed) answer.headers.set("allow", error.allowed.join(", "));
  return answer;
}

class MethodNotAllowed extends ApiError {
  readonly allowed: readonly string[];

  constructor(method: string, path: string, allowed: readonly string[]) {
    const message = `${method} is not allowed on ${path}: it answers ${allowed.join(", ")}`;
    super(405, "invalid_request_error", message, { code: "method_not_allowed" });
    this.allowed = allowed;
  }
}

/** 405 where the path answers another method, else 404. */
export function notFound({ method }: Request, path: string, router: Router): ApiError {
  const allowed = allowedMethods(router, path);
  if (allowed.length > 0) return new MethodNotAllowed(method, path, allowed);
  return new ApiError(
    404,
    "invalid_request_error",
    `Unknown URL: ${method} ${path}; GET / lists the endpoints`,
    { code: "unknown_url" },
  );
}

function isOpenAiPath(path: string): boolean {
  return path === "/v1" || path.startsWith("/v1/");
}
