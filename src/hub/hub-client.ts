import { setTimeout as sleep } from "node:timers/promises";
import type { ApiError } from "../errors.ts";
import {
  gatedRepository,
  hubBusy,
  hubUnreachable,
  repositoryNotFound,
  revisionNotFound,
  tokenRefused,
} from "./hub-failures.ts";
import { type Access, HttpFailure, send } from "./http.ts";
import type { FoundFile } from "./model-listing.ts";

/** A repository as `/api/models/{repo}` describes it, as far as it is used. */
export interface Repository {
  id: string;
  /** Of the revision asked for. */
  commit: string;
  /** Files can not be downloaded before its conditions are accepted; `manual` means by its owner. */
  gated: false | "auto" | "manual";
  downloads: number;
  likes: number;
  /** ISO 8601; `null` when not told. */
  lastModified: string | null;
  /** What the hub read from a GGUF file of it. */
  gguf: { parameters: number | null; architecture: string | null; contextLength: number | null } | null;
}

/** A file in a repository. */
export interface HubFile extends FoundFile {
  /** Of its content; `null` for small files, which git keeps itself. */
  sha256: string | null;
}

/** 1000 files a page. */
const MOST_PAGES = 20;
const ATTEMPTS = 3;
/** A limit that is over sooner is waited out; nobody waits longer without being told. */
const LIMIT_PATIENCE_MS = 5000;
/** For a whole answer. */
const ANSWER_MS = 30_000;

/** The API of the Hugging Face hub, or of a mirror that speaks it. */
export class HubClient {
  readonly access: Access;

  constructor(access: Access) {
    this.access = { ...access, endpoint: access.endpoint.replace(/\/+$/, "") };
  }

  /** @throws ApiError when it is not there, may not be seen, or the hub gives no answer */
  async repository(repo: string, revision: string | null, signal?: AbortSignal): Promise<Repository> {
    const at = revision === null ? "" : `/revision/${encodeURIComponent(revision)}`;
    try {
      return toRepository(await this.#json(`/api/models/${repo}${at}`, signal), repo);
    } catch (error) {
      throw await this.#explain(error, repo, revision, signal);
    }
  }

  /**
   * Every file at a commit, with its size and hash.
   * @throws ApiError like `repository`
   */
  async files(repo: string, commit: string, signal?: AbortSignal): Promise<HubFile[]> {
    const files: HubFile[] = [];
    const { endpoint } = this.access;
    let next: string | null =
      `${endpoint}/api/models/${repo}/tree/${encodeURIComponent(commit)}?recursive=true`;
    try {
      for (let page = 0; next !== null && page < MOST_PAGES; page++) {
        const { body, headers } = await this.#get(next, signal);
        files.push(...entries(body));
        next = nextPage(headers, endpoint);
      }
    } catch (error) {
      throw await this.#explain(error, repo, null, signal);
    }
    return files;
  }

  /**
   * Repositories with GGUF files, the most downloaded first.
   * @throws ApiError when the hub gives no answer
   */
  async search(query: string, limit: number, signal?: AbortSignal): Promise<Repository[]> {
    const parameters = new URLSearchParams({
      search: query,
      filter: "gguf",
      sort: "downloads",
      direction: "-1",
      limit: String(limit),
    });
    for (const field of ["downloads", "likes", "gated", "lastModified", "sha", "gguf"])
      parameters.append("expand[]", field);
    try {
      const found = await this.#json(`/api/models?${parameters}`, signal);
      return Array.isArray(found) ? found.map((entry) => toRepository(entry, "")) : [];
    } catch (error) {
      throw await this.#explain(error, "", null, signal);
    }
  }

  /** The address of a file at a commit. */
  fileUrl(repo: string, commit: string, file: string): string {
    const path = file.split("/").map(encodeURIComponent).join("/");
    return `${this.access.endpoint}/${repo}/resolve/${encodeURIComponent(commit)}/${path}`;
  }

  /**
   * Names of GGUF repositories that may be what was meant by `repo`, for an error; none when the hub does not
   * tell.
   */
  async similar(repo: string, signal?: AbortSignal): Promise<string[]> {
    const name = (repo.split("/").at(-1) ?? repo).replace(/[-_.](?:gguf|awq|gptq|fp8|mlx|\d+bit)$/i, "");
    const found = await this.search(name, 5, signal).catch(() => []);
    return found.map(({ id }) => id).filter((id) => id !== repo);
  }

  async #json(path: string, signal: AbortSignal | undefined): Promise<unknown> {
    return (await this.#get(this.access.endpoint + path, signal)).body;
  }

  /** Tries again after what may pass soon. */
  async #get(address: string, signal: AbortSignal | undefined): Promise<{ body: unknown; headers: Headers }> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(address, signal);
      } catch (error) {
        const delay = delayOf(error, attempt);
        if (delay === null || attempt >= ATTEMPTS) throw error;
        await sleep(delay, undefined, { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  }

  async #once(
    address: string,
    signal: AbortSignal | undefined,
  ): Promise<{ body: unknown; headers: Headers }> {
    const late = AbortSignal.timeout(ANSWER_MS);
    const both = signal ? AbortSignal.any([signal, late]) : late;
    try {
      const { response } = await send(address, this.access, { signal: both });
      return { body: (await response.json()) as unknown, headers: response.headers };
    } catch (error) {
      signal?.throwIfAborted();
      if (late.aborted) throw new HttpFailure("it does not answer");
      if (error instanceof HttpFailure) throw error;
      throw new HttpFailure("its answer can not be read");
    }
  }

  /** The error for a person; `repo` is empty for a search. */
  async #explain(
    error: unknown,
    repo: string,
    revision: string | null,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    if (!(error instanceof HttpFailure)) return error;
    const known = explain(error, repo, revision, this.access);
    const isMissing = known.code === "model_not_found" && error.errorCode !== "RevisionNotFound";
    if (!isMissing || repo === "") return known;
    return repositoryNotFound(repo, this.access.endpoint, await this.similar(repo, signal));
  }
}

/** Before another attempt, in milliseconds; `null` when there is no sense in one soon. */
function delayOf(error: unknown, attempt: number): number | null {
  if (!(error instanceof HttpFailure) || !error.isPassing) return null;
  if (error.status !== 429) return 200 * 2 ** attempt;
  return error.waitMs !== null && error.waitMs <= LIMIT_PATIENCE_MS ? error.waitMs : null;
}

/** What a failed request for something in `repo` means for a person. */
export function explain(
  error: HttpFailure,
  repo: string,
  revision: string | null,
  { endpoint, token }: Access,
): ApiError {
  const { status, errorCode } = error;
  if (errorCode === "GatedRepo") return gatedRepository(repo, endpoint, token !== null);
  if (errorCode === "RevisionNotFound") return revisionNotFound(repo, revision ?? "main");
  if (status === 401 && token !== null && errorCode !== "RepoNotFound") return tokenRefused(endpoint);
  if (status === 401 || status === 404) return repositoryNotFound(repo, endpoint, []);
  if (status === 403) return gatedRepository(repo, endpoint, token !== null);
  if (status === 429) return hubBusy(endpoint, error.waitMs);
  return hubUnreachable(endpoint, error.message);
}

interface RawRepository {
  id?: unknown;
  sha?: unknown;
  gated?: unknown;
  downloads?: unknown;
  likes?: unknown;
  lastModified?: unknown;
  gguf?: { total?: unknown; architecture?: unknown; context_length?: unknown } | null;
}

function toRepository(json: unknown, repo: string): Repository {
  const raw = (json ?? {}) as RawRepository;
  const gguf = raw.gguf ?? null;
  return {
    id: text(raw.id) ?? repo,
    commit: text(raw.sha) ?? "main",
    gated: raw.gated === "auto" || raw.gated === "manual" ? raw.gated : false,
    downloads: number(raw.downloads) ?? 0,
    likes: number(raw.likes) ?? 0,
    lastModified: text(raw.lastModified),
    gguf: gguf && {
      parameters: number(gguf.total),
      architecture: text(gguf.architecture),
      contextLength: number(gguf.context_length),
    },
  };
}

interface RawEntry {
  type?: unknown;
  path?: unknown;
  size?: unknown;
  lfs?: { oid?: unknown; size?: unknown } | null;
}

const SHA256 = /^[0-9a-f]{64}$/i;

function entries(json: unknown): HubFile[] {
  if (!Array.isArray(json)) return [];
  return (json as RawEntry[]).flatMap(({ type, path, size, lfs }) => {
    const name = text(path);
    if (type !== "file" || name === null) return [];
    const hash = text(lfs?.oid);
    // Where they differ, the outer size is that of the pointer which git keeps.
    const bytes = number(lfs?.size) ?? number(size) ?? 0;
    return [{ name, size: bytes, sha256: hash !== null && SHA256.test(hash) ? hash.toLowerCase() : null }];
  });
}

/** The address of the next page; a list that leads to another host ends. */
function nextPage(headers: Headers, endpoint: string): string | null {
  const link = /<([^>]+)>;\s*rel="next"/.exec(headers.get("link") ?? "")?.[1];
  const url = link === undefined ? null : URL.parse(link, endpoint);
  return url?.origin === new URL(endpoint).origin ? url.href : null;
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);
const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);
