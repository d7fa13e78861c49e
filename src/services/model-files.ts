import { basename, join } from "node:path";
import type { Config } from "../config/config.ts";
import { ApiError, loadFailed } from "../errors.ts";
import type { GgufHeader } from "../formats/gguf/header.ts";
import { readGgufFile } from "../formats/gguf/read.ts";
import { HubClient } from "../hub/hub-client.ts";
import { enumerate } from "../hub/hub-failures.ts";
import type { Access } from "../hub/http.ts";
import { locateOnHub, locateUrl, type RemoteFile, type RemoteModel } from "../hub/locate.ts";
import {
  assertComplete,
  type FileChoice,
  ineffective,
  type LibraryModel,
  type ModelLibrary,
  tagOf,
} from "../hub/model-library.ts";
import { groupModels, isComplete, stemOf } from "../hub/model-listing.ts";
import { folderOf, type HubName, nameOfAddress, parseModelName } from "../hub/model-name.ts";
import { quantisationOf, withoutQuantisation } from "../hub/quantisation.ts";
import { readRemoteHeader, type RemoteHeader } from "../hub/remote-header.ts";
import { BUILT_IN_FILE, BUILT_IN_MODEL } from "./built-in-model.ts";
import { type ModelSketch, sketchOfFiles, sketchOfHeaders } from "./model-sketch.ts";
import type { FetchHooks } from "./deploy-plan.ts";
import type { Downloads } from "./downloads.ts";

/** Which file is meant, and how far to go for it. */
export interface FileWish extends FileChoice {
  /** For the hub, instead of this machine's own. */
  token: string | null;
  /** Only what is on this machine already. */
  onDisk: boolean;
}

export interface ModelFile {
  /** `guide`, or the path below the folder it lies in; of the first part where the model is split. */
  name: string;
  /** Absolute; what llama.cpp is to open. */
  path: string;
  /** Absolute paths of all parts; `path` is the first. */
  parts: string[];
  /** Of all parts, in bytes. */
  fileSize: number;
  /** Flags of the choice that had no effect, each a sentence for a person. */
  warnings: string[];
  /** What has to be downloaded first; `null` when it is here. */
  download: RemoteModel | null;
}

export interface ModelFilesParts {
  config: Pick<Config, "modelsDir" | "modelDirs" | "aliases" | "hubEndpoint">;
  library: ModelLibrary;
  downloads: Pick<Downloads, "fetch">;
  /** What this machine has for the hub. */
  token: () => Promise<string | null>;
}

const HEADER_KEPT_MS = 60_000;

/** Another file of the same model. */
export interface Sibling {
  /** What to deploy it by. */
  name: string;
  /** Of all parts, in bytes. */
  fileSize: number;
  quantisation: string | null;
}

/** Finds the file that a name stands for: on this machine first, then on the hub. */
export class ModelFiles {
  readonly #parts: ModelFilesParts;
  #lastHeader: { key: string; header: Promise<RemoteHeader>; until: number } | null = null;

  constructor(parts: ModelFilesParts) {
    this.#parts = parts;
  }

  /**
   * The file a name stands for: an alias, `guide`, a path below a folder of models with or without `.gguf`, a
   * folder or stem with several quantisations, a name on the hub or an address.
   * @throws ApiError `model_not_found` (404), `ambiguous_model` (400) and what the hub says, each with what to
   * do instead; `model_load_failed` when parts of a split model are missing
   */
  async resolve(name: string, wish: FileWish): Promise<ModelFile> {
    const { aliases, hubEndpoint } = this.#parts.config;
    const given = name.trim();
    const meant = Object.hasOwn(aliases, given) ? (aliases[given] ?? given) : given;
    if (meant === BUILT_IN_MODEL) return builtIn(wish);
    const parsed = parseModelName(meant, hubEndpoint);
    if (parsed.kind === "hub") return this.#fromHub(parsed, meant, wish);
    const local = parsed.kind === "url" ? nameOfAddress(parsed.url) : meant;
    const found = await this.#parts.library.find(local, wish);
    // The parts that an address has and this machine has not can still come.
    const mayGrow = parsed.kind === "url" && !wish.onDisk;
    if (found && (isComplete(found.model) || !mayGrow)) return toFile(found.model, found.warnings);
    if (!mayGrow) throw await this.#missing(name);
    return this.#toDownload(await locateUrl(parsed, await this.#access(wish.token)), []);
  }

  /**
   * What a model's file says about itself; a split model's first part speaks for all.
   * @param token for the hub, instead of this machine's own
   * @throws ApiError `model_load_failed` when any part that is here is no GGUF file, damaged or truncated
   */
  async header(file: ModelFile, token: string | null = null): Promise<GgufHeader> {
    const [remote] = file.download?.files ?? [];
    if (remote) {
      const { header } = await this.#remoteHeader(remote, await this.#access(token));
      return withArchitecture(header, file.name);
    }
    const [header] = await Array.fromAsync(file.parts, (path) => readGgufFile(path, basename(path)));
    return withArchitecture(header, file.name);
  }

  /**
   * What llama.cpp needs to judge a model: its file, or where it is not here one with the same header and a
   * hole for the rest. To be disposed of.
   * @throws ApiError like `header`
   */
  async sketch(file: ModelFile, token: string | null): Promise<ModelSketch> {
    if (!file.download) return sketchOfFiles(file.parts);
    const access = await this.#access(token);
    return sketchOfHeaders(file.download.files, (remote) => this.#remoteHeader(remote, access));
  }

  /** The other quantisations of the same model, where it comes from; none when nobody tells. */
  async siblings(file: ModelFile, token: string | null): Promise<Sibling[]> {
    const model = withoutQuantisation(stemOf(file.name));
    const { download } = file;
    const found =
      download?.repo && download.commit
        ? await repositoryModels(new HubClient(await this.#access(token)), download.repo, download.commit)
        : await this.#parts.library.list();
    return found
      .filter(({ name }) => name !== file.name && withoutQuantisation(stemOf(name)) === model)
      .map(({ name, fileSize }) => ({ name, fileSize, quantisation: quantisationOf(stemOf(name)) }));
  }

  /** Downloads what is not on this machine. @throws ApiError, or why it was aborted */
  async fetch(file: ModelFile, hooks: FetchHooks, token: string | null): Promise<void> {
    if (file.download) await this.#parts.downloads.fetch(file.download, hooks, token);
  }

  async #fromHub(parsed: HubName, meant: string, wish: FileWish): Promise<ModelFile> {
    const { library } = this.#parts;
    // A name that says which file it means has no use for the flags.
    const isOpen = parsed.tag === null && parsed.file === null;
    const wanted = isOpen ? { ...parsed, tag: tagOf(wish) } : parsed;
    const here = await library.findRepository(wanted);
    if (here) return toFile(here, isOpen ? [] : ineffective(here.name, wish));
    // A folder of that name may be anybody's; one with files of the repository is the repository.
    const found = (await library.has(`${folderOf(parsed)}/`)) ? null : await library.find(meant, wish);
    if (found) return toFile(found.model, found.warnings);
    if (wish.onDisk) {
      const [cut] = await library.ofRepository(wanted);
      if (cut) assertComplete(cut);
      throw await this.#missing(meant);
    }
    const remote = await locateOnHub(wanted, new HubClient(await this.#access(wish.token)));
    return this.#toDownload(remote, isOpen ? [] : ineffective(remote.name, wish));
  }

  /** The last one is kept for a while: a deployment looks at it more than once, and it may be megabytes. */
  #remoteHeader(file: RemoteFile, access: Access): Promise<RemoteHeader> {
    const key = `${file.url} ${access.token ?? ""}`;
    const kept = this.#lastHeader;
    if (kept?.key === key && performance.now() < kept.until) return kept.header;
    const header = readRemoteHeader(file, access);
    this.#lastHeader = { key, header, until: performance.now() + HEADER_KEPT_MS };
    header.catch(() => (this.#lastHeader = null));
    return header;
  }

  #toDownload(download: RemoteModel, warnings: string[]): ModelFile {
    const parts = download.files.map((file) => join(this.#parts.config.modelsDir, file.name));
    const [path = ""] = parts;
    return { name: download.name, path, parts, fileSize: download.fileSize ?? 0, warnings, download };
  }

  async #access(token: string | null) {
    return { endpoint: this.#parts.config.hubEndpoint, token: token ?? (await this.#parts.token()) };
  }

  async #missing(name: string): Promise<ApiError> {
    const { modelsDir, modelDirs } = this.#parts.config;
    if (LEADS_OUT.test(name))
      return notFound(
        `There is no model '${name}': a path has to lead into a folder of models, which are ${[modelsDir, ...modelDirs].join(", ")}; BERTH_MODEL_DIRS adds others, whose files are used where they lie`,
      );
    const listed = (await this.#parts.library.list()).map((model) => model.name);
    const isAlike = (model: string) => model.toLowerCase().includes(name.toLowerCase());
    const alike = name.length < LEAST_ALIKE ? [] : listed.filter(isAlike);
    if (alike.length > 0) return notFound(`There is no model '${name}': is ${enumerate(alike)} meant?`);
    const there =
      listed.length === 0
        ? `a file below ${modelsDir}, which holds no GGUF file yet`
        : `one of the files on this machine, ${enumerate(listed)}`;
    return notFound(
      `There is no model '${name}': deploy '${BUILT_IN_MODEL}', which is built in, a repository of the hub such as 'user/repo:Q4_K_M', or ${there}`,
    );
  }
}

/** A path from the root, from home or upwards, which no name below a folder of models is. */
const LEADS_OUT = /^(\/|~|\.\.\/)/;

/** Letters; fewer stand in names that nobody meant. */
const LEAST_ALIKE = 3;

const notFound = (message: string) =>
  new ApiError(404, "invalid_request_error", message, { code: "model_not_found", param: "model_name" });

/** None where the hub gives no answer: they are a suggestion. */
async function repositoryModels(client: HubClient, repo: string, commit: string) {
  const files = await client.files(repo, commit).catch(() => []);
  return groupModels(files).map(({ name, fileSize }) => ({ name: `${repo}/${name}`, fileSize }));
}

function withArchitecture(header: GgufHeader | undefined, name: string): GgufHeader {
  if (header?.architecture) return header;
  throw loadFailed(`The file '${name}' holds no model: it names no architecture`);
}

function builtIn(choice: FileChoice): ModelFile {
  const warnings = ineffective(BUILT_IN_MODEL, choice);
  const fileSize = Bun.file(BUILT_IN_FILE).size;
  return {
    name: BUILT_IN_MODEL,
    path: BUILT_IN_FILE,
    parts: [BUILT_IN_FILE],
    fileSize,
    warnings,
    download: null,
  };
}

function toFile(model: LibraryModel, warnings: string[]): ModelFile {
  assertComplete(model);
  const parts = model.parts.map(({ path }) => path);
  const [path = ""] = parts;
  return { name: model.name, path, parts, fileSize: model.fileSize, warnings, download: null };
}
