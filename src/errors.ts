import type { ErrorCode } from "./error-codes.ts";

/** The body of every failure, as the OpenAI API defines it; `error` is never a bare string. */
export interface ErrorBody {
  error: { message: string; type: ErrorType; param: string | null; code: string | null };
}

export type ErrorType = "invalid_request_error" | "permission_error" | "rate_limit_error" | "server_error";

/** How requests name a model: the OpenAI API the one way, the documented endpoints the other. */
export type ModelField = "model" | "model_name";

interface ErrorDetails {
  code?: ErrorCode;
  /** The request field at fault as a dotted path, e.g. `messages.0.role`. */
  param?: string;
  /** Sent as `Retry-After`, in seconds: when trying again may succeed. */
  retryAfter?: number;
  cause?: unknown;
}

/** The one error the server throws on purpose; everything else is a bug and answers 500. */
export class ApiError extends Error {
  readonly code: ErrorCode | null;
  readonly param: string | null;
  readonly retryAfter: number | null;

  readonly status: number;
  readonly type: ErrorType;

  constructor(
    status: number,
    type: ErrorType,
    message: string,
    { code, param, retryAfter, cause }: ErrorDetails = {},
  ) {
    super(message, { cause });
    this.name = "ApiError";
    this.status = status;
    this.type = type;
    this.code = code ?? null;
    this.param = param ?? null;
    this.retryAfter = retryAfter ?? null;
  }

  toBody(): ErrorBody {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }

  /** The same, told of the field by which the request names this model: it is not `model` everywhere. */
  namedBy(field: string): ApiError {
    if (this.param !== "model" && this.param !== "model_name") return this;
    const { status, type, message, code, retryAfter, cause } = this;
    return new ApiError(status, type, message, {
      code: code ?? undefined,
      param: field,
      retryAfter: retryAfter ?? undefined,
      cause,
    });
  }

  /** What crosses a process boundary; `ApiError.fromWire` undoes it. */
  toWire(): WireError {
    const { status, type, message, code, param, retryAfter } = this;
    return { status, type, message, code, param, retryAfter };
  }

  static fromWire({ status, type, message, code, param, retryAfter }: WireError): ApiError {
    return new ApiError(status, type, message, {
      code: code ?? undefined,
      param: param ?? undefined,
      retryAfter: retryAfter ?? undefined,
    });
  }
}

/** An `ApiError` without its stack, as the engine process sends it. */
export interface WireError {
  status: number;
  type: ErrorType;
  message: string;
  code: ErrorCode | null;
  param: string | null;
  retryAfter: number | null;
}

/** 400: the request itself is wrong; `message` says what to do instead. */
export const invalidRequest = (message: string, param?: string, code: ErrorCode = "invalid_value") =>
  new ApiError(400, "invalid_request_error", message, { code, param });

/** 400 and not 501: SDKs retry a 501. */
export const unsupportedParameter = (
  param: string,
  message = `'${param}' is not supported by this server yet; leave it out`,
) => new ApiError(400, "invalid_request_error", message, { code: "unsupported_parameter", param });

export const modelNotFound = (model: string, hint = "deploy it first with POST /deploy") =>
  new ApiError(404, "invalid_request_error", `The model '${model}' is not deployed: ${hint}`, {
    code: "model_not_found",
    param: "model",
  });

export const nothingDeployed = () =>
  new ApiError(400, "invalid_request_error", "No model is deployed: deploy one first with POST /deploy", {
    code: "no_model_deployed",
  });

export const alreadyDeployed = (model: string) =>
  new ApiError(
    400,
    "invalid_request_error",
    `The model '${model}' is already deployed: undeploy it first with DELETE /undeploy?model_name=${encodeURIComponent(model)}`,
    { code: "already_deployed", param: "model_name" },
  );

/** 400: `owner` has the alias, as its name or as an alias of its own. */
export const aliasTaken = (alias: string, owner: string) =>
  new ApiError(
    400,
    "invalid_request_error",
    `The alias '${alias}' is taken: it is ${alias === owner ? "the name of a model that is deployed" : `an alias of '${owner}'`}. Choose another one, or undeploy that first with DELETE /undeploy?model_name=${encodeURIComponent(owner)}`,
    { code: "alias_taken", param: "alias" },
  );

/** 404: a `lora` that names no file on this machine. */
export const adapterNotFound = (name: string, field: string) =>
  new ApiError(
    404,
    "invalid_request_error",
    `There is no adapter '${name}' on this machine: GET /models lists those that are; POST /models/pull downloads one`,
    { code: "adapter_not_found", param: field },
  );

/** 503: come back; `retryAfter` is in seconds. */
export const modelLoading = (model: string, retryAfter = 2, doing: "loading" | "downloading" = "loading") =>
  new ApiError(
    503,
    "server_error",
    `The model '${model}' is still ${doing}: try again shortly, GET /status shows its progress`,
    {
      code: "model_loading",
      retryAfter,
    },
  );

/** 503: whether this model is one of those is not known before; `retryAfter` is in seconds. */
export const stillRestoring = (retryAfter: number) =>
  new ApiError(
    503,
    "server_error",
    "The models that were deployed when the server ended are being deployed again: try again shortly",
    { code: "model_loading", retryAfter },
  );

/** 503 of `GET /readyz`: nothing is ready; `retryAfter`, in seconds, where something will be. */
export const notReady = (reason: string, retryAfter?: number) =>
  new ApiError(503, "server_error", `No model is ready: ${reason}`, { code: "not_ready", retryAfter });

/** 503: the model finishes what it works on and takes nothing new. */
export const beingUndeployed = (model: string) =>
  new ApiError(
    503,
    "server_error",
    `The model '${model}' is being undeployed: requests under way may finish, new ones and a new deployment have to wait until it is gone`,
    { code: "model_undeploying", param: "model", retryAfter: 2 },
  );

/** 503: the request, or the load somebody waited for, was cut short by `DELETE /undeploy`. */
export const undeployed = (model: string) =>
  new ApiError(503, "server_error", `The model '${model}' was undeployed before this was done`, {
    code: "model_undeployed",
  });

/** 503: the deployment stands, but its model could not be loaded or crashed too often. */
export const deploymentFailed = (model: string, reason: string, retryAfter?: number) =>
  new ApiError(
    503,
    "server_error",
    `The model '${model}' has failed (${reason}): deploy it again with POST /deploy`,
    { code: "model_failed", param: "model", retryAfter },
  );

/** 503: models that work on requests hold the memory that another one needs. */
export const memoryBusy = (model: string, retryAfter = 10) =>
  new ApiError(
    503,
    "server_error",
    `The model '${model}' needs memory that models at work hold: try again later, or undeploy one with DELETE /undeploy`,
    { code: "memory_busy", param: "model", retryAfter },
  );

export const shuttingDown = () =>
  new ApiError(503, "server_error", "The server is shutting down", { code: "shutting_down", retryAfter: 5 });

/** Tokens that a deployed model holds at once, and that it was trained for. */
export interface ContextLengths {
  contextLength: number;
  trainedContextLength: number;
}

/**
 * 400: nothing of a prompt is cut off to make it fit. LiteLLM, and who stands on it, knows this error only by words of
 * OpenAI's message: "this model's maximum context length is".
 */
export const contextLengthExceeded = (
  promptTokens: number | `more than ${number}`,
  { contextLength, trainedContextLength }: ContextLengths,
  param = "messages",
) =>
  new ApiError(
    400,
    "invalid_request_error",
    `The prompt is ${promptTokens} tokens long, and this model's maximum context length is ${contextLength} tokens, which the answer needs some of: shorten it, or ${
      contextLength < trainedContextLength
        ? `deploy the model with a larger context_length, up to the ${trainedContextLength} tokens it was trained for`
        : "take a model that was trained for more"
    }`,
    { code: "context_length_exceeded", param },
  );

/** 400: `max_length` of `POST /query` counts prompt and answer together. */
export const maxLengthExceeded = (promptTokens: number, maxLength: number) =>
  new ApiError(
    400,
    "invalid_request_error",
    `The prompt is ${promptTokens} tokens long and leaves no room to answer within 'max_length' ${maxLength}, which counts prompt and answer together: raise it, or set 'max_new_tokens'`,
    { code: "max_length_exceeded", param: "max_length" },
  );

export const queueFull = (waiting: number, retryAfter = 2) =>
  new ApiError(
    429,
    "rate_limit_error",
    `The model is busy and its queue is full (${waiting}): try again shortly`,
    {
      code: "queue_full",
      retryAfter,
    },
  );

/** The model can not be loaded: a bad file, an unknown architecture, a device that is not there. */
export const loadFailed = (message: string, code: ErrorCode = "model_load_failed", param = "model_name") =>
  new ApiError(400, "invalid_request_error", message, { code, param });

/** 400: the file changes a model and is none itself. */
export const isAdapter = (name: string) =>
  invalidRequest(
    `'${name}' is an adapter and no model: deploy the model it was made for, with "lora": [${JSON.stringify(name)}]`,
    "model_name",
  );

export const insufficientMemory = (message: string) =>
  loadFailed(message, "insufficient_memory", "model_name");

/** 503: the engine process died under the request; it is started again by itself. */
export const engineLost = (reason: string) =>
  new ApiError(
    503,
    "server_error",
    `The engine of this model stopped while it worked on the request (${reason}); it is being started again`,
    {
      code: "engine_lost",
      retryAfter: 5,
    },
  );

/** 503: the engine process died while it loaded the model. */
export const loadLost = (reason: string) =>
  new ApiError(503, "server_error", `The engine stopped while it loaded the model (${reason})`, {
    code: "engine_lost",
  });

export const engineFailed = (cause: unknown) =>
  new ApiError(500, "server_error", "The engine failed on this request; the server log has the cause", {
    code: "engine_error",
    cause,
  });

/** Never sent to a client that is gone; ends up as 499 in the log only. */
export const requestCancelled = (message = "The request was cancelled") =>
  new ApiError(499, "invalid_request_error", message, { code: "request_cancelled" });
