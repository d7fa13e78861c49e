import type { Caller } from "../../services/running-request.ts";
import { contextOf } from "../request-context.ts";

/** Who sent a request, as the services see it. */
export function callerOf(request: Request): Caller {
  return { signal: request.signal, requestId: contextOf(request).id };
}
