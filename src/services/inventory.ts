import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Config } from "../config/config.ts";
import { ApiError, invalidRequest } from "../errors.ts";
import { capabilitiesOf } from "../formats/gguf/capabilities.ts";
import type { GgufHeader } from "../formats/gguf/header.ts";
import { readGgufFile } from "../formats/gguf/read.ts";
import { removeEmptyFolders } from "../hub/empty-folders.ts";
import { type LibraryModel, type ModelLibrary } from "../hub/model-library.ts";
import { enumerate } from "../hub/hub-failures.ts";
import { modelKey } from "../hub/model-listing.ts";
import { parseModelName } from "../hub/model-name.ts";
import { readOrigin, removeDownloaded } from "../hub/origin.ts";
import type { DiskModel } from "../schemas/disk-model.ts";
import { BUILT_IN_FILE, BUILT_IN_MODEL } from "./built-in-model.ts";
import type { Downloads } from "./downloads.ts";
import type { ModelManager } from "./model-manager.ts";

export interface InventoryParts {
  config: Pick<Config, "modelsDir">;
  library: ModelLibrary;
  manager: Pick<ModelManager, "list" | "deployedAs" | "uses">;
  downloads: Pick<Downloads, "isBusy">;
}

/** What a header tells, without its tensor list. */
type Facts = Pick<
  DiskModel,
  | "kind"
  | "architecture"
  | "quantisation"
  | "parameters"
  | "context_length"
  | "capabilities"
  | "modified"
  | "error"
>;

interface OnDisk {
  name: string;
  paths: string[];
  size: number;
  isComplete: boolean;
  source: DiskModel["source"];
}

/** The models that lie on this machine, deployed or not. */
export class Inventory {
  readonly #parts: InventoryParts;
  /** By path; a file that has changed is read again. */
  readonly #facts = new Map<string, { stamp: string; facts: Facts }>();

  constructor(parts: InventoryParts) {
    this.#parts = parts;
  }

  /** By folder and name, the built-in one first. */
  async list(): Promise<DiskModel[]> {
    const models = [this.#builtIn(), ...(await this.#parts.library.list()).map(onDisk)];
    const listed: DiskModel[] = [];
    // One after the other: headers of large vocabularies take some memory each.
    for (const model of models) listed.push(await this.#describe(model));
    const known = new Set(models.flatMap(({ paths }) => paths));
    for (const path of this.#facts.keys()) if (!known.has(path)) this.#facts.delete(path);
    return listed;
  }

  /**
   * @param name as `list` has it, or as the hub does: `user/repo:Q4_K_M`
   * @throws ApiError `model_not_found`
   */
  async find(name: string): Promise<DiskModel> {
    return this.#describe(name === BUILT_IN_MODEL ? this.#builtIn() : onDisk(await this.#locate(name)));
  }

  /**
   * Removes a model that was downloaded.
   * @param name like that of `find`
   * @returns what went, and the bytes that are free again
   * @throws ApiError `model_not_found`, `model_in_use`, or `not_removable` for a file that somebody put there
   */
  async remove(name: string): Promise<{ id: string; freed: number }> {
    if (name === BUILT_IN_MODEL) throw isBuiltIn();
    const model = await this.#locate(name);
    if (!(await this.#isDownloaded(onDisk(model)))) throw notRemovable(model);
    if (this.#parts.downloads.isBusy(model.name))
      throw inUse(name, "it is being downloaded: cancel that first, GET /downloads has its id");
    const user = this.#parts.manager.uses(model.parts.map(({ path }) => path));
    if (user !== null)
      throw inUse(
        name,
        `'${user}' is deployed and uses it: undeploy it first with DELETE /undeploy?model_name=${encodeURIComponent(user)}`,
      );
    for (const { path } of model.parts) {
      await removeDownloaded(path);
      await removeEmptyFolders(path, this.#parts.config.modelsDir);
    }
    return { id: model.name, freed: model.fileSize };
  }

  /** What a name means without any doubt: a file that goes does not come back. */
  async #locate(name: string): Promise<LibraryModel> {
    const { library } = this.#parts;
    const listed = await library.list();
    const exact = listed.find((one) => modelKey(one.name) === modelKey(name));
    if (exact) return exact;
    const parsed = parseModelName(name);
    const found = parsed.kind === "hub" ? await library.ofRepository(parsed) : [];
    const [only] = found;
    if (!only) throw notOnDisk(name);
    if (found.length > 1)
      throw invalidRequest(
        `'${name}' stands for several models: name one of ${enumerate(found.map((one) => one.name))}`,
        "id",
        "ambiguous_model",
      );
    return only;
  }

  async #describe(model: OnDisk): Promise<DiskModel> {
    const { name, paths, size, isComplete, source } = model;
    const isDownloaded = await this.#isDownloaded(model);
    const deployedAs = this.#parts.manager.deployedAs(paths);
    const status = this.#parts.manager.list().find((deployment) => deployment.model_name === deployedAs);
    return {
      id: name,
      path: paths[0] ?? "",
      files: paths.length,
      size,
      source: isDownloaded ? "downloaded" : source,
      removable: isDownloaded && this.#parts.manager.uses(paths) === null,
      deployed_as: deployedAs,
      state: status?.state ?? null,
      ...(await this.#read(model)),
      ...(!isComplete && { error: "parts of it are missing" }),
    };
  }

  async #isDownloaded({ paths, source }: OnDisk): Promise<boolean> {
    const [path] = paths;
    return source === "models_directory" && path !== undefined && (await readOrigin(path)) !== null;
  }

  async #read({ name, paths }: OnDisk): Promise<Facts> {
    const [path = ""] = paths;
    const found = await Promise.all(paths.map((part) => stat(part).catch(() => null)));
    const stamp = found.map((one) => `${one?.size}:${one?.mtimeMs}`).join();
    const known = this.#facts.get(path);
    if (known?.stamp === stamp) return known.facts;
    const modified = Math.floor((found[0]?.mtimeMs ?? 0) / 1000);
    const facts = { ...(await readFacts(name, paths)), modified };
    this.#facts.set(path, { stamp, facts });
    return facts;
  }

  #builtIn(): OnDisk {
    const { size } = Bun.file(BUILT_IN_FILE);
    return { name: BUILT_IN_MODEL, paths: [BUILT_IN_FILE], size, isComplete: true, source: "built_in" };
  }
}

const SOURCES = { models: "models_directory", directory: "directory", cache: "hub_cache" } as const;

function onDisk({ name, parts, partCount, fileSize, shelf }: LibraryModel): OnDisk {
  return {
    name,
    paths: parts.map(({ path }) => path),
    size: fileSize,
    isComplete: parts.length === partCount,
    source: SOURCES[shelf],
  };
}

/** A file that can not be read is listed all the same, and says why. */
async function readFacts(name: string, paths: string[]): Promise<Omit<Facts, "modified">> {
  try {
    const headers: GgufHeader[] = [];
    for (const path of paths) headers.push(await readGgufFile(path, basename(path)));
    const [header] = headers;
    return {
      kind: header?.isAdapter ? "adapter" : "model",
      architecture: header?.architecture ?? null,
      quantisation: header?.quantisation ?? null,
      parameters: headers.reduce((sum, { parameters }) => sum + parameters, 0),
      context_length: header?.contextLength ?? null,
      capabilities: header ? capabilitiesOf(header) : [],
      error: header?.architecture ? null : `The file '${name}' holds no model: it names no architecture`,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      kind: "model",
      architecture: null,
      quantisation: null,
      parameters: null,
      context_length: null,
      capabilities: [],
      error: reason,
    };
  }
}

const notOnDisk = (name: string) =>
  new ApiError(
    404,
    "invalid_request_error",
    `There is no model '${name}' on this machine: GET /models lists them`,
    { code: "model_not_found", param: "id" },
  );

const notRemovable = ({ name, parts }: LibraryModel) =>
  invalidRequest(
    `'${name}' was not downloaded by this server and is not its to remove: the file is ${parts[0]?.path}`,
    "id",
    "not_removable",
  );

const isBuiltIn = () =>
  invalidRequest(`'${BUILT_IN_MODEL}' is built in and can not be removed`, "id", "not_removable");

const inUse = (name: string, why: string) =>
  new ApiError(409, "invalid_request_error", `'${name}' can not be removed: ${why}`, {
    code: "model_in_use",
    param: "id",
  });
