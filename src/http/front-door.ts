import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import { allowedMethods, type Router } from "./allowed-methods.ts";
import { limitBody } from "./body-limit.ts";
import { answerError, notFound } from "./errors.ts";
import { HostGuard } from "./host-guard.ts";
import { attachContext, chooseRequestId, derive } from "./request-context.ts";

type Handler = (request: Request) => Promise<Response>;

interface FrontDoorOptions {
  config: Pick<Config, "host" | "allowedHosts" | "allowedOrigins" | "bodyLimit">;
  log: Log;
  router: () => Router;
}

/**
 * What holds for every request, whichever route it is for and whatever becomes of it: an id, the
 * checks that come before any parsing, HEAD and OPTIONS, and the headers of every answer.
 */
export function frontDoor({ config, log, router }: FrontDoorOptions) {
  const guard = new HostGuard(config);

  const admit = async (request: Request, path: string, inner: Handler): Promise<Response> => {
    guard.check(request);
    if (request.method === "HEAD") return withoutBody(await inner(derive(request, { method: "GET" })));
    if (request.method !== "OPTIONS") return inner(limitBody(request, config.bodyLimit));
    const allowed = allowedMethods(router(), path);
    if (allowed.length === 0) throw notFound(request, path, router());
    const headers = { allow: allowed.join(", "), ...guard.preflightHeaders(request, allowed) };
    return new Response(null, { status: 204, headers });
  };

  // What Elysia hands to `wrap` answers with a response, although its type leaves that open.
  return (elysia: (request: Request) => unknown) => {
    const inner = async (request: Request) => (await elysia(request)) as Response;

    return async (incoming: Request): Promise<Response> => {
      const started = performance.now();
      const request = wellFormed(incoming);
      const { pathname } = new URL(request.url);
      const id = chooseRequestId(request);
      attachContext(request, { id, log: log.child({ request: id }) });

      const response = await admit(request, pathname, inner).catch((error: unknown) =>
        answerError(error, request, pathname),
      );
      response.headers.set("x-request-id", id);
      response.headers.set("x-content-type-options", "nosniff");
      guard.expose(request, response.headers);
      const ms = Math.round(performance.now() - started);
      log.debug(
        { request: id, method: request.method, path: pathname, status: response.status, ms },
        "answered",
      );
      return response;
    };
  };
}

/**
 * Bun makes the URL from the Host header, whatever that holds, and leaves a bare path where there is
 * none. Elysia finds the path only in a well-formed `http:` URL, so any other gets a host of ours.
 */
function wellFormed(request: Request): Request {
  const { url } = request;
  if (url.startsWith("http://") && URL.canParse(url)) return request;
  const [, path = ""] = /^(?:[a-z]+:\/\/[^/?#]*)?(.*)$/is.exec(url) ?? [];
  return new Request(`http://localhost${path.startsWith("/") ? path : `/${path}`}`, request);
}

/** The answer to HEAD: the headers of GET. A stream is ended, not read; it has no length to tell. */
async function withoutBody(response: Response): Promise<Response> {
  const { status, headers } = response;
  if (headers.get("content-type")?.startsWith("text/event-stream")) {
    await response.body?.cancel();
    headers.set("transfer-encoding", "chunked");
  } else headers.set("content-length", String((await response.arrayBuffer()).byteLength));
  return new Response(null, { status, headers });
}
