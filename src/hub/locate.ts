import { ApiError, invalidRequest } from "../errors.ts";
import {
  enumerate,
  fileNotFound,
  incompleteRepository,
  noGgufFiles,
  quantisationNotFound,
} from "./hub-failures.ts";
import { explain, type HubClient, type HubFile } from "./hub-client.ts";
import { type Access, HttpFailure, send } from "./http.ts";
import { type FoundModel, groupModels, isComplete, modelKey, partNames, stemOf } from "./model-listing.ts";
import { folderOf, type HubName, isSafePath, nameOfAddress, type UrlName } from "./model-name.ts";
import { byPreference, isQuantisation, quantisationOf } from "./quantisation.ts";

/** A file that can be downloaded. */
export interface RemoteFile {
  /** The path below the models directory that it is downloaded to. */
  name: string;
  url: string;
  /** `user/repository`; `null` when it is from no hub. */
  repo: string | null;
  /** In bytes; `null` when the server does not tell. */
  size: number | null;
  /** Of its content, in hexadecimal; `null` when nobody tells. */
  sha256: string | null;
  /** As the server sent it; tells this content from a later one at the same address. */
  etag: string | null;
}

/** A model that can be downloaded. */
export interface RemoteModel {
  /** The name its file has below the models directory; of the first part where it is split. */
  name: string;
  /** In order. */
  files: RemoteFile[];
  /** Of all files, in bytes; `null` when a server does not tell. */
  fileSize: number | null;
  quantisation: string | null;
  /** `null` when it comes from no hub. */
  repo: string | null;
  /** The commit, so that every part is of the same one. */
  commit: string | null;
}

/**
 * Finds the files that a name on the hub stands for: the file it names, else the quantisation, else the
 * usual one (Q4_K_M where there is one).
 * @throws ApiError that says what is there instead, or what the hub wants
 */
export async function locateOnHub(
  name: HubName,
  client: HubClient,
  signal?: AbortSignal,
): Promise<RemoteModel> {
  const { repo } = name;
  const { commit } = await client.repository(repo, name.revision, signal);
  const files = await client.files(repo, commit, signal);
  const models = groupModels(files.filter((file) => isSafePath(file.name)));
  if (models.length === 0) throw noGgufFiles(repo, await client.similar(repo, signal));
  const model = choose(name, models);
  if (!isComplete(model)) throw incompleteRepository(repo, model.name, model.parts.length, model.partCount);
  const folder = folderOf(name);
  return {
    name: `${folder}/${model.name}`,
    files: model.parts.map((file) => ({
      name: `${folder}/${file.name}`,
      url: client.fileUrl(repo, commit, file.name),
      repo,
      size: file.size,
      sha256: file.sha256,
      etag: null,
    })),
    fileSize: model.fileSize,
    quantisation: quantisationOf(stemOf(model.name)),
    repo,
    commit,
  };
}

/** More than any model has; some servers have an answer to every address. */
const MOST_PARTS = 1000;

/**
 * What is behind an address that is not the hub's, all parts of a split model; nothing but the server tells the size.
 * @throws ApiError when there is no such file
 */
export async function locateUrl(
  { url }: UrlName,
  access: Access,
  signal?: AbortSignal,
): Promise<RemoteModel> {
  const paths = partNames(url.pathname);
  if (paths.length > MOST_PARTS)
    throw invalidRequest(
      `The name '${nameOfAddress(url)}' promises ${paths.length} parts, and no model has more than ${MOST_PARTS}`,
      "model_name",
    );
  const files: RemoteFile[] = [];
  // One after the other: not all that the name promises need be there.
  for (const path of paths) {
    const part = new URL(url);
    part.pathname = path;
    files.push(await locateFile(part, access, signal));
  }
  const [{ name }] = files as [RemoteFile];
  const sizes = files.map(({ size }) => size);
  return {
    name,
    files,
    fileSize: sizes.reduce((all, size) => (all === null || size === null ? null : all + size), 0),
    quantisation: quantisationOf(stemOf(name)),
    repo: null,
    commit: null,
  };
}

async function locateFile(url: URL, access: Access, signal?: AbortSignal): Promise<RemoteFile> {
  const { response } = await send(url.href, access, { headers: { range: "bytes=0-0" }, signal }).catch(
    (error: unknown) => {
      throw error instanceof HttpFailure ? unreachable(url, error, access) : error;
    },
  );
  await response.body?.cancel();
  const name = nameOfAddress(url);
  if (!isSafePath(name))
    throw invalidRequest(
      `The address '${url.origin}${url.pathname}' has a path no file can have`,
      "model_name",
    );
  const etag = strong(response.headers.get("etag"));
  return { name, url: url.href, repo: null, size: wholeSize(response), sha256: null, etag };
}

function choose({ repo, tag, file }: HubName, models: FoundModel<HubFile>[]): FoundModel<HubFile> {
  const names = models.map(({ name }) => name);
  if (file !== null) {
    const named = models.find((model) => modelKey(model.name) === modelKey(file));
    if (named) return named;
    throw fileNotFound(repo, file, names);
  }
  const tagged = models.map((model) => ({ ...model, quantisation: quantisationOf(stemOf(model.name)) }));
  if (tag === null) {
    const [first] = tagged.toSorted(byPreference);
    if (first) return first;
  }
  const wanted = tag ?? "";
  const found = tagged.filter(({ quantisation }) => isQuantisation(wanted, quantisation));
  const [only] = found;
  if (only && found.length === 1) return only;
  if (only)
    throw invalidRequest(
      `The repository '${repo}' has several files of ${wanted}: name one of ${enumerate(
        found.map(({ name }) => `${repo}/${name}`),
      )}`,
      "model_name",
      "ambiguous_model",
    );
  const existing = new Set(tagged.map(({ quantisation, name }) => quantisation ?? name));
  throw quantisationNotFound(repo, wanted, [...existing]);
}

/** What a failed request for the file at an address that is not the hub's means for a person. */
export function unreachable(url: URL, error: HttpFailure, access: Access): ApiError {
  const address = `${url.origin}${url.pathname}`;
  if (error.status === 404 || error.status === 410)
    return new ApiError(404, "invalid_request_error", `There is no file at ${address}`, {
      code: "model_not_found",
      param: "model_name",
    });
  return error.isPassing || error.errorCode !== null
    ? explain(error, address, null, { ...access, endpoint: url.origin })
    : invalidRequest(`The file at ${address} can not be downloaded: ${error.message}`, "model_name");
}

function wholeSize({ status, headers }: Response): number | null {
  const whole =
    status === 206
      ? /\/(\d+)\s*$/.exec(headers.get("content-range") ?? "")?.[1]
      : headers.get("content-length");
  return whole === null || whole === undefined ? null : Number(whole);
}

/** A weak one says that the bytes may differ. */
const strong = (etag: string | null) => (etag === null || etag.startsWith("W/") ? null : etag);
