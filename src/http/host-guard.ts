import { ApiError } from "../errors.ts";
import type { Config } from "../config/config.ts";
import { hostnameOf, isLoopback } from "./loopback.ts";

type GuardConfig = Pick<Config, "host" | "allowedHosts" | "allowedOrigins">;

/** How a browser fetches where a link leads. */
const LINK_METHODS = new Set(["GET", "HEAD"]);

/** Where a link on any site may lead: what is shown there works for nobody before it is asked to. */
const PAGES = new Set(["/", "/web-interface", "/docs"]);

/** What OpenAI and Anthropic clients send from a browser, besides the headers that need no leave. */
const CLIENT_HEADERS = [
  "authorization",
  "content-type",
  "x-api-key",
  "x-request-id",
  "user-agent",
  "openai-organization",
  "openai-project",
  "openai-beta",
  "anthropic-version",
  "anthropic-beta",
];

/**
 * Keeps web pages that someone visits away from a server on their own machine.
 *
 * A page can reach loopback in two ways. By DNS rebinding its own name leads here: then the Host
 * header shows that name, and a server bound to loopback serves loopback names only, besides
 * `allowedHosts`. Or it calls `http://127.0.0.1` from its own origin, or shows something from there, which is
 * refused whatever it is: a browser sends simple requests without asking first, and even a read can make the
 * server work. Links may lead to the pages here. Pages that this machine serves itself, on whatever port, are no strangers.
 *
 * A server bound to another address is meant to be reached by names it can not know, so there the Host
 * header is checked only when `allowedHosts` is set; of the origins, only its own and `allowedOrigins`
 * are served.
 */
export class HostGuard {
  readonly #loopback: boolean;
  readonly #hosts: ReadonlySet<string> | "any";
  readonly #origins: ReadonlySet<string> | "any";

  constructor({ host, allowedHosts, allowedOrigins }: GuardConfig) {
    this.#loopback = isLoopback(host);
    const open = allowedHosts.includes("*") || (!this.#loopback && allowedHosts.length === 0);
    this.#hosts = open ? "any" : new Set(allowedHosts.map((name) => hostnameOf(name) ?? name.toLowerCase()));
    this.#origins = allowedOrigins.includes("*")
      ? "any"
      : new Set(allowedOrigins.map((origin) => origin.toLowerCase().replace(/(?<=[^/])\/$/, "")));
  }

  /** @throws ApiError 403 `host_not_allowed` or `origin_not_allowed` */
  check(request: Request): void {
    const host = request.headers.get("host");
    // A browser always sends a Host header; what sends none is a program.
    if (host !== null && !this.#servesHost(host)) throw hostNotAllowed(host);
    // A preflight is answered whoever asks; without CORS headers, that is a refusal.
    if (request.method === "OPTIONS") return;
    const origin = request.headers.get("origin");
    if (origin !== null) {
      if (!this.#isOwn(origin, host) && !this.#allowsOrigin(origin)) throw originNotAllowed(quote(origin));
    } else if (this.#origins !== "any" && isLoadedElsewhere(request)) throw originNotAllowed("another site");
  }

  /** Lets pages of allowed origins read this answer; never with credentials. */
  expose(request: Request, headers: Headers): void {
    // Caches must not hand one origin's answer to another, so this stands on every answer.
    if (this.#origins !== "any") headers.append("vary", "origin");
    const origin = request.headers.get("origin");
    if (origin === null || !this.#allowsOrigin(origin)) return;
    headers.set("access-control-allow-origin", this.#origins === "any" ? "*" : origin);
    headers.set("access-control-expose-headers", "x-request-id, retry-after, x-should-retry");
  }

  /** What a preflight from an allowed origin is told; nothing where the request is none. */
  preflightHeaders(request: Request, methods: readonly string[]): Record<string, string> {
    const origin = request.headers.get("origin");
    if (!request.headers.has("access-control-request-method") || origin === null) return {};
    if (!this.#allowsOrigin(origin)) return {};
    return {
      "access-control-allow-methods": methods.join(", "),
      "access-control-allow-headers": [...CLIENT_HEADERS, ...stainlessHeaders(request)].join(", "),
      "access-control-max-age": "600",
    };
  }

  #servesHost(host: string): boolean {
    if (this.#hosts === "any") return true;
    const name = hostnameOf(host);
    return name !== null && (isLoopback(name) || this.#hosts.has(name));
  }

  #allowsOrigin(origin: string): boolean {
    if (this.#origins === "any" || this.#origins.has(origin.toLowerCase())) return true;
    const name = hostnameOf(authorityOf(origin));
    return this.#loopback && name !== null && isLoopback(name);
  }

  /** The page this server serves itself; the scheme may differ behind a proxy that speaks TLS. */
  #isOwn(origin: string, host: string | null): boolean {
    return host !== null && authorityOf(origin) === host.toLowerCase();
  }
}

/** A browser may leave the Origin out, but it says that a page of another site asks, and what for. */
function isLoadedElsewhere({ headers, method, url }: Request): boolean {
  if (headers.get("sec-fetch-site") !== "cross-site") return false;
  const isLink = LINK_METHODS.has(method) && headers.get("sec-fetch-dest") === "document";
  return !isLink || !PAGES.has(new URL(url).pathname);
}

/** `http://Name:80` → `name:80`; `null` for other schemes and for the opaque origin `null`. */
function authorityOf(origin: string): string | null {
  return /^https?:\/\/(.+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}

/** The SDKs add `x-stainless-*` headers; a wildcard is no part of CORS, so the asked-for ones are named. */
function stainlessHeaders(request: Request): string[] {
  const asked = request.headers.get("access-control-request-headers") ?? "";
  return asked
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => /^x-stainless-[a-z0-9-]+$/.test(name));
}

const hostNotAllowed = (host: string) =>
  new ApiError(
    403,
    "permission_error",
    `This server is not served under the host ${quote(host)}: use http://127.0.0.1 or http://localhost, or add the name to BERTH_ALLOWED_HOSTS`,
    { code: "host_not_allowed" },
  );

const originNotAllowed = (origin: string) =>
  new ApiError(
    403,
    "permission_error",
    `Pages of ${origin} may not use this server: add their origin to BERTH_ALLOWED_ORIGINS if they should`,
    { code: "origin_not_allowed" },
  );

function quote(text: string): string {
  return `'${text.slice(0, 100)}'`;
}
