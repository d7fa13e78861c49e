import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";

/* What the hub answers, from recorded answers: `/api/models/{repo}`, its tree, its search and its refusals. */

/** What a repository of the stand-in is like. */
export interface StandInRepository {
  /** Content by path. */
  files: Record<string, Uint8Array>;
  /** Its pages and lists can be read by everybody, as on the hub; its files with the token alone. */
  gated?: false | "auto" | "manual";
  /** Without the token it is not there at all. */
  private?: boolean;
  downloads?: number;
  /** Other branches and their commits; `main` always is. */
  revisions?: Record<string, string>;
}

const COMMIT = "5f0b02c75b57c5855da9ae460ce51323ea669d8a";

/** A repository that is not there, or not for this caller. */
export function missing(response: ServerResponse): void {
  const message = "Repository not found";
  json(
    response,
    401,
    { error: "Invalid username or password." },
    { "x-error-code": "RepoNotFound", "x-error-message": message },
  );
}

export function summary(repo: string, repository: StandInRepository) {
  return {
    _id: "6532870afa9b1ac2c5b2b06c",
    id: repo,
    modelId: repo,
    author: repo.split("/")[0],
    sha: commitOf(repository, "main"),
    lastModified: "2026-05-04T10:11:12.000Z",
    private: repository.private ?? false,
    gated: repository.gated ?? false,
    disabled: false,
    downloads: repository.downloads ?? 0,
    likes: 7,
    tags: ["gguf", "license:apache-2.0", "region:us"],
    gguf: { total: 596_049_920, architecture: "llama", context_length: 2048 },
    siblings: Object.keys(repository.files).map((rfilename) => ({ rfilename })),
  };
}

/** Large files are objects of their own, small ones git keeps. */
export function entry(path: string, bytes: Uint8Array) {
  const base = {
    type: "file",
    oid: createHash("sha1").update(bytes).digest("hex"),
    size: bytes.length,
    path,
  };
  if (!path.endsWith(".gguf")) return base;
  const oid = sha256(bytes);
  return { ...base, lfs: { oid, size: bytes.length, pointerSize: 135 }, xetHash: oid };
}

export function commitOf({ revisions = {} }: StandInRepository, revision: string): string | null {
  if (revision === "main" || revision === COMMIT) return COMMIT;
  return revisions[revision] ?? (Object.values(revisions).includes(revision) ? revision : null);
}

const hashes = new WeakMap<Uint8Array, string>();

export function sha256(bytes: Uint8Array): string {
  const known = hashes.get(bytes) ?? createHash("sha256").update(bytes).digest("hex");
  hashes.set(bytes, known);
  return known;
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(JSON.stringify(body));
}
