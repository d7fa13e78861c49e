import { VERSION } from "../version.ts";

/** Who may see the token: the hub's own origin, and nothing it redirects to. */
export interface Access {
  /** Address of the hub, without a slash at its end. */
  endpoint: string;
  token: string | null;
}

export interface RequestOptions {
  method?: "GET" | "HEAD";
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** Why a request to a hub, or to where it redirects, gave nothing. */
export class HttpFailure extends Error {
  /** 0 when no answer came. */
  readonly status: number;
  /** `X-Error-Code` of the hub, e.g. `GatedRepo`. */
  readonly errorCode: string | null;
  /** How long the server wants to be left alone, in milliseconds. */
  readonly waitMs: number | null;

  constructor(
    message: string,
    {
      status = 0,
      errorCode = null,
      waitMs = null,
    }: { status?: number; errorCode?: string | null; waitMs?: number | null } = {},
  ) {
    super(message);
    this.name = "HttpFailure";
    this.status = status;
    this.errorCode = errorCode;
    this.waitMs = waitMs;
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Until an answer begins. */
const ANSWER_MS = 30_000;
const MOST_REDIRECTS = 5;

/**
 * Sends a request and follows redirects. The token goes to the endpoint's origin alone, and no redirect
 * leads from an encrypted connection to a plain one.
 * @returns the answer with its body unread, and the address it came from
 * @throws HttpFailure for every status from 400 on, and when there is no answer
 */
export async function send(
  address: string,
  { endpoint, token }: Access,
  { method = "GET", headers = {}, signal }: RequestOptions = {},
): Promise<{ response: Response; url: string }> {
  let url = new URL(address);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const own = url.origin === new URL(endpoint).origin;
    const response = await once(url, {
      method,
      signal,
      headers: {
        "user-agent": `berth/${VERSION}`,
        // Bytes are counted, so they have to be those of the file.
        "accept-encoding": "identity",
        ...headers,
        ...(own && token !== null && { authorization: `Bearer ${token}` }),
      },
    });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null)
      return { response: await checked(response, url), url: url.href };
    await response.body?.cancel();
    const next = URL.parse(location, url);
    if (!next || !/^https?:$/.test(next.protocol)) throw new HttpFailure(`${url.host} redirects to nowhere`);
    if (url.protocol === "https:" && next.protocol === "http:")
      throw new HttpFailure(`${url.host} redirects to an unencrypted connection`, { status: 400 });
    url = next;
  }
  throw new HttpFailure(`${url.host} redirects without end`, { status: 400 });
}

async function once(url: URL, init: RequestInit & { signal?: AbortSignal | undefined }): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal;
  try {
    return await fetch(url, { ...init, signal, redirect: "manual" });
  } catch (error) {
    init.signal?.throwIfAborted();
    if (late.signal.aborted) throw new HttpFailure(`${url.host} does not answer`);
    throw new HttpFailure(`${url.host}: ${reasonOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

async function checked(response: Response, url: URL): Promise<Response> {
  if (response.ok) return response;
  const { status, headers } = response;
  await response.body?.cancel();
  const said = headers.get("x-error-message");
  throw new HttpFailure(`${url.host} answers ${status}${said === null ? "" : `: ${said}`}`, {
    status,
    errorCode: headers.get("x-error-code"),
    waitMs: waitOf(headers),
  });
}

/** Seconds or a date in `Retry-After`, else what `RateLimit: "api";r=0;t=55` leaves of its window; in milliseconds. */
function waitOf(headers: Headers): number | null {
  const after = headers.get("retry-after");
  if (after !== null) {
    const ms = /^\d+$/.test(after.trim()) ? Number(after) * 1000 : Date.parse(after) - Date.now();
    if (Number.isFinite(ms)) return Math.max(0, ms);
  }
  const seconds = /\br=0\b.*\bt=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

/** The code of a broken connection, for what the runtime says of it is meant for programmers. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return code || error.message;
}
