import type { Log } from "../log.ts";

/** What the front door knows about a request and later layers need. */
export interface RequestContext {
  /** Sent back as `x-request-id`. */
  readonly id: string;
  /** Writes the request id into every line. */
  readonly log: Log;
}

const contexts = new WeakMap<Request, RequestContext>();

/** Fit for a header and a log line as it is. */
const SANE_ID = /^[\w.:@/+=~-]{1,128}$/;

export function attachContext(request: Request, context: RequestContext): void {
  contexts.set(request, context);
}

/** The context that the front door gave this request. */
export function contextOf(request: Request): RequestContext {
  const context = contexts.get(request);
  if (!context) throw new Error("This request did not come through the front door");
  return context;
}

/** The request with something else about it, in the same context and aborted with it. */
export function derive(request: Request, change: RequestInit): Request {
  const derived = new Request(request, { signal: request.signal, ...change });
  const context = contexts.get(request);
  if (context) contexts.set(derived, context);
  return derived;
}

/** The client's own id where it is fit to be repeated, else a new one. */
export function chooseRequestId(request: Request): string {
  const given = request.headers.get("x-request-id");
  return given !== null && SANE_ID.test(given) ? given : `req_${crypto.randomUUID().replaceAll("-", "")}`;
}
