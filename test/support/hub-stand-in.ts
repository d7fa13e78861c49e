import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { commitOf, entry, json, missing, sha256, type StandInRepository, summary } from "./hub-shapes.ts";

/** How the content server misbehaves; may be changed while it runs. */
export interface Faults {
  /** Answers this many requests with 429 and this `Retry-After`, in seconds. */
  busy: { times: number; retryAfter: number } | null;
  /** How many seconds are left of the window in which the API answers no more, with 429 and `RateLimit`. */
  limited: number | null;
  /** Answers this many requests with 503. */
  failing: number;
  /** Breaks this many connections … */
  drops: number;
  /** … after this many bytes. */
  dropAfter: number;
  /** Sends whole files to whoever asks for a part. */
  noRanges: boolean;
  /** Ends an answer by ending the connection, and never tells how long it is. */
  noLength: boolean;
  /** Sends other bytes than the repository holds, in the second half of a file. */
  wrongBytes: boolean;
  /** Lets content through at this pace, but for the beginning of a file; `null` is at once. */
  bytesPerSecond: number | null;
  /** Addresses of content end after this many requests each, as signed ones do after a time. */
  expireAfter: number;
}

/** A request as the stand-in saw it. */
export interface SeenRequest {
  server: "hub" | "content";
  method: string;
  path: string;
  range: string | null;
  authorization: string | null;
}

/** What a header is read in at first. */
const HEADER_BYTES = 1024 * 1024;

/**
 * A server on loopback that speaks the hub's protocol, from recorded answers: the API with pages and errors
 * (`X-Error-Code`), `resolve` with `X-Linked-*` and a redirect to another origin, and there the content
 * with ranges. `await using hub = await HubStandIn.start()`.
 */
export class HubStandIn implements AsyncDisposable {
  readonly repositories = new Map<string, StandInRepository>();
  readonly seen: SeenRequest[] = [];
  readonly faults: Faults = {
    busy: null,
    limited: null,
    failing: 0,
    drops: 0,
    dropAfter: 0,
    noRanges: false,
    noLength: false,
    wrongBytes: false,
    bytesPerSecond: null,
    expireAfter: Infinity,
  };
  /** What opens gated and private repositories. */
  readonly token = "hf_standInToken";
  /** One of somebody who may open none of them. */
  readonly strangersToken = "hf_strangersToken";
  /** Entries in one page of a list. */
  pageSize = 1000;
  /** Bytes of content sent so far. */
  sent = 0;
  readonly #hub: Server;
  readonly #content: Server;
  readonly #addresses = new Map<string, { bytes: Uint8Array; uses: number }>();

  private constructor() {
    this.#hub = createServer((request, response) => void this.#answer(request, response, "hub"));
    this.#content = createServer((request, response) => void this.#answer(request, response, "content"));
  }

  static async start(): Promise<HubStandIn> {
    const standIn = new HubStandIn();
    await Promise.all([listen(standIn.#hub), listen(standIn.#content)]);
    return standIn;
  }

  /** For HF_ENDPOINT. */
  get endpoint(): string {
    return originOf(this.#hub);
  }

  /** Where `resolve` redirects to: another origin, as the hub's content network is. */
  get contentOrigin(): string {
    return originOf(this.#content);
  }

  add(repo: string, repository: StandInRepository): void {
    this.repositories.set(repo, repository);
  }

  /** Requests for content, redirects aside. */
  get contentRequests(): SeenRequest[] {
    return this.seen.filter(({ server }) => server === "content");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#hub, this.#content]) {
      server.closeAllConnections();
      server.close();
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    server: SeenRequest["server"],
  ): Promise<void> {
    const { method = "GET", url = "/", headers } = request;
    this.seen.push({
      server,
      method,
      path: url,
      range: headers.range ?? null,
      authorization: headers.authorization ?? null,
    });
    const { pathname, searchParams } = new URL(url, "http://stand-in");
    const path = decodeURIComponent(pathname);
    if (server === "content") return this.#sendContent(path, request, response);
    if (this.faults.limited !== null)
      return json(
        response,
        429,
        { error: "We had to rate limit your IP. To continue using our service, create a HF account" },
        {
          ratelimit: `"api";r=0;t=${this.faults.limited}`,
          "ratelimit-policy": '"fixed window";"api";q=500;w=300',
        },
      );
    if (this.faults.failing > 0) {
      this.faults.failing--;
      return json(response, 503, { error: "Internal Error - We're working hard to fix this" });
    }
    const authorized = headers.authorization === `Bearer ${this.token}`;
    const isKnown = authorized || headers.authorization === `Bearer ${this.strangersToken}`;
    if (headers.authorization !== undefined && !isKnown)
      return json(
        response,
        401,
        { error: "Invalid credentials in Authorization header" },
        { "x-error-message": "Invalid credentials in Authorization header" },
      );
    if (path === "/api/models") return this.#search(searchParams, response);
    const api = /^\/api\/models\/([^/]+\/[^/]+)(?:\/(tree|revision)\/([^/]+))?$/.exec(path);
    if (api) return this.#describe(api, searchParams, authorized, response);
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    if (resolve) return this.#resolve(resolve, authorized, response);
    return json(response, 404, { error: "Sorry, we can't find the page you are looking for." });
  }

  #describe(
    [, repo = "", kind, revision = "main"]: RegExpExecArray,
    query: URLSearchParams,
    authorized: boolean,
    response: ServerResponse,
  ): void {
    const repository = this.#visible(repo, authorized);
    if (!repository) return missing(response);
    const commit = commitOf(repository, revision);
    if (commit === null)
      return json(
        response,
        404,
        { error: `Invalid rev id: ${revision}` },
        { "x-error-code": "RevisionNotFound", "x-error-message": `Invalid rev id: ${revision}` },
      );
    if (kind !== "tree") return json(response, 200, { ...summary(repo, repository), sha: commit });
    const files = Object.entries(repository.files).map(([path, bytes]) => entry(path, bytes));
    const from = Number(query.get("cursor") ?? 0);
    const next = from + this.pageSize;
    const link = `${this.endpoint}/api/models/${repo}/tree/${revision}?recursive=true&cursor=${next}`;
    return json(
      response,
      200,
      files.slice(from, next),
      next < files.length ? { link: `<${link}>; rel="next"` } : {},
    );
  }

  #search(query: URLSearchParams, response: ServerResponse): void {
    const words = (query.get("search") ?? "").toLowerCase();
    const found = [...this.repositories]
      .filter(([repo, { files, private: hidden }]) => {
        const isGguf = Object.keys(files).some((path) => path.endsWith(".gguf"));
        return !hidden && repo.toLowerCase().includes(words) && (isGguf || query.get("filter") !== "gguf");
      })
      .map(([repo, repository]) => summary(repo, repository))
      .toSorted((a, b) => b.downloads - a.downloads);
    json(response, 200, found.slice(0, Number(query.get("limit") ?? 30)));
  }

  #resolve(
    [, repo = "", revision = "", path = ""]: RegExpExecArray,
    authorized: boolean,
    response: ServerResponse,
  ) {
    const repository = this.#visible(repo, authorized);
    if (!repository) return missing(response);
    if (repository.gated && !authorized) {
      const message = `Access to model ${repo} is restricted. You must have access to it and be authenticated to access it. Please log in.`;
      return json(
        response,
        401,
        { error: message },
        { "x-error-code": "GatedRepo", "x-error-message": message },
      );
    }
    const bytes = repository.files[path];
    const commit = commitOf(repository, revision);
    if (!bytes || commit === null)
      return json(
        response,
        404,
        { error: "Entry not found" },
        { "x-error-code": "EntryNotFound", "x-error-message": "Entry not found" },
      );
    const address = `/${sha256(bytes)}/${crypto.randomUUID()}`;
    this.#addresses.set(address, { bytes, uses: 0 });
    response.writeHead(302, {
      location: `${this.contentOrigin}${address}?X-Amz-Signature=0123`,
      "x-repo-commit": commit,
      "x-linked-size": bytes.length,
      "x-linked-etag": `"${sha256(bytes)}"`,
      "accept-ranges": "bytes",
    });
    response.end();
  }

  async #sendContent(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { faults } = this;
    if (faults.busy && faults.busy.times > 0) {
      faults.busy.times--;
      return json(
        response,
        429,
        { error: "Too many requests" },
        { "retry-after": `${faults.busy.retryAfter}` },
      );
    }
    const known = this.#addresses.get(path);
    if (!known || known.uses++ >= faults.expireAfter)
      return json(response, 403, { error: "Request has expired" });
    const whole = faults.wrongBytes ? damaged(known.bytes) : known.bytes;
    const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const isPart = start !== undefined && !faults.noRanges;
    const from = isPart ? Number(start) : 0;
    const to = isPart && end ? Math.min(Number(end) + 1, whole.length) : whole.length;
    if (from >= whole.length && whole.length > 0) {
      response.writeHead(416, { "content-range": `bytes */${whole.length}` }).end();
      return;
    }
    // Else the answer would come in chunks, and then a missing end shows.
    if (faults.noLength) response.removeHeader("transfer-encoding");
    response.writeHead(isPart ? 206 : 200, {
      "content-type": "application/octet-stream",
      etag: `"${sha256(whole)}"`,
      ...(!faults.noRanges && { "accept-ranges": "bytes" }),
      ...(isPart && { "content-range": `bytes ${from}-${to - 1}/${whole.length}` }),
      ...(faults.noLength ? { connection: "close" } : { "content-length": to - from }),
    });
    response.flushHeaders();
    await this.#pour(whole.subarray(from, to), response, from === 0 ? HEADER_BYTES : 0);
  }

  /** @param quick how many bytes come at once, whatever the pace */
  async #pour(bytes: Uint8Array, response: ServerResponse, quick: number): Promise<void> {
    const { faults } = this;
    const drop = faults.drops > 0 && bytes.length > faults.dropAfter;
    if (drop) faults.drops--;
    const end = drop ? faults.dropAfter : bytes.length;
    for (let at = 0; at < end && !response.destroyed;) {
      const pace = at < quick ? null : faults.bytesPerSecond;
      const step = Math.min(end - at, pace === null ? 256 * 1024 : Math.max(1, Math.ceil(pace / 20)));
      this.sent += step;
      const flushed = response.write(bytes.subarray(at, at + step));
      at += step;
      if (pace !== null) await Bun.sleep(50);
      else if (!flushed) await Promise.race([drained(response), Bun.sleep(1000)]);
    }
    if (!drop) return void response.end();
    // What was written is on its way before the connection breaks.
    await Bun.sleep(20);
    response.destroy();
  }

  #visible(repo: string, authorized: boolean): StandInRepository | null {
    const repository = this.repositories.get(repo);
    return repository && (!repository.private || authorized) ? repository : null;
  }
}

const damage = new WeakMap<Uint8Array, Uint8Array>();

function damaged(bytes: Uint8Array): Uint8Array {
  const half = bytes.length / 2;
  const wrong = damage.get(bytes) ?? bytes.map((byte, at) => (at < half ? byte : byte ^ 1));
  damage.set(bytes, wrong);
  return wrong;
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const drained = (response: ServerResponse) => new Promise<void>((resolve) => response.once("drain", resolve));
