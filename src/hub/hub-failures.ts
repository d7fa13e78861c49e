import { ApiError, invalidRequest } from "../errors.ts";

const PARAM = "model_name";

/** How many names an error lists. */
const LISTED = 10;

/** `'a', 'b' and 3 more` */
export function enumerate(names: readonly string[], most = LISTED): string {
  const listed = names.slice(0, most).map((name) => `'${name}'`);
  const more = names.length - listed.length;
  return listed.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** What a person who got a name wrong may have meant; begins a sentence, or is empty. */
const suggestion = (names: readonly string[]) =>
  names.length === 0 ? "" : `. Repositories with GGUF files that may be meant: ${enumerate(names, 5)}`;

/** 404: the hub tells the same for a private repository. */
export const repositoryNotFound = (repo: string, hub: string, similar: readonly string[]) =>
  new ApiError(
    404,
    "invalid_request_error",
    `There is no repository '${repo}' on ${hub}, or it is private: check the name, or pass a token that may read it as hf_token or in HF_TOKEN${suggestion(similar)}`,
    { code: "model_not_found", param: PARAM },
  );

export const revisionNotFound = (repo: string, revision: string) =>
  new ApiError(404, "invalid_request_error", `The repository '${repo}' has no revision '${revision}'`, {
    code: "model_not_found",
    param: PARAM,
  });

/** 400: transformers weights and the like. */
export const noGgufFiles = (repo: string, similar: readonly string[]) =>
  invalidRequest(
    `The repository '${repo}' holds no GGUF file, and only those can be run${suggestion(similar)}`,
    PARAM,
    "no_gguf_files",
  );

/** 400: names the quantisations that exist. */
export const quantisationNotFound = (repo: string, tag: string, existing: readonly string[]) =>
  invalidRequest(
    `The repository '${repo}' has no file of ${tag}: it has ${enumerate(existing, 40)}`,
    PARAM,
    "quantisation_not_found",
  );

export const fileNotFound = (repo: string, file: string, existing: readonly string[]) =>
  new ApiError(
    404,
    "invalid_request_error",
    `The repository '${repo}' has no file '${file}': it has ${enumerate(existing)}`,
    { code: "model_not_found", param: PARAM },
  );

export const incompleteRepository = (repo: string, name: string, there: number, wanted: number) =>
  invalidRequest(
    `The repository '${repo}' is incomplete: ${there} of the ${wanted} parts of '${name}' are there`,
    PARAM,
    "no_gguf_files",
  );

/** 403 and not 401: it is the hub that wants a token, not this server. */
export const gatedRepository = (repo: string, hub: string, hadToken: boolean) =>
  new ApiError(
    403,
    "permission_error",
    hadToken
      ? `The repository '${repo}' is gated, and the token in use may not read it: accept its conditions at ${hub}/${repo} with the account of that token, or wait until its owner has approved the account`
      : `The repository '${repo}' is gated: accept its conditions at ${hub}/${repo}, make a token with read access at ${hub}/settings/tokens, and pass it as hf_token in the request or in HF_TOKEN in the environment of the server`,
    { code: "gated_repository", param: "hf_token" },
  );

export const tokenRefused = (hub: string) =>
  new ApiError(
    403,
    "permission_error",
    `${hub} refuses the token: it may be mistyped, expired or without read access. Make another one at ${hub}/settings/tokens`,
    { code: "token_refused", param: "hf_token" },
  );

/** 503: `waitMs` is what the hub asked for. */
export const hubBusy = (hub: string, waitMs: number | null) =>
  new ApiError(
    503,
    "server_error",
    `${hub} is answering no more requests for now: try again ${waitMs === null ? "later" : `in ${Math.ceil(waitMs / 1000)} s`}`,
    {
      code: "hub_busy",
      retryAfter: Math.ceil((waitMs ?? 60_000) / 1000),
    },
  );

/** 503: no answer, or one that is none. */
export const hubUnreachable = (hub: string, reason: string) =>
  new ApiError(
    503,
    "server_error",
    `${hub} can not be reached (${reason}): check the network of this machine and its HTTPS_PROXY, or name another hub or a mirror in HF_ENDPOINT`,
    { code: "hub_unreachable", retryAfter: 30 },
  );

/** 502: all of it arrived and is not what the hub says it is. */
export const downloadCorrupt = (file: string, reason: string) =>
  new ApiError(
    502,
    "server_error",
    `The download of '${file}' is damaged and was removed (${reason}): download it again`,
    { code: "download_corrupt" },
  );

/** 502: it was tried until there was no sense in it; what arrived is kept. */
export const downloadFailed = (name: string, reason: string) =>
  new ApiError(
    502,
    "server_error",
    `The download of '${name}' has failed (${reason}): pull it again to go on where it ended`,
    { code: "download_failed" },
  );

export const downloadCancelled = (name: string) =>
  new ApiError(503, "server_error", `The download of '${name}' was cancelled`, {
    code: "download_cancelled",
  });

/** 409: what was given up is begun again, and not gone on with. */
export const notResumable = (name: string) =>
  new ApiError(
    409,
    "invalid_request_error",
    `The download of '${name}' was cancelled: begin it again with POST /models/pull, which uses what arrived of it`,
    { code: "not_resumable", param: "id" },
  );

export const downloadNotFound = (id: string) =>
  new ApiError(404, "invalid_request_error", `There is no download '${id}': GET /downloads lists them`, {
    code: "download_not_found",
    param: "id",
  });

/** 400 and not 507: SDKs would send it again. */
export const insufficientDisk = (name: string, needed: number, free: number, directory: string) =>
  invalidRequest(
    `'${name}' needs ${gigabytes(needed)} more on the disk of ${directory}, where ${gigabytes(free)} are free: make room there, or set BERTH_MODELS_DIR to a folder on another disk`,
    PARAM,
    "insufficient_disk",
  );

const gigabytes = (bytes: number) =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
