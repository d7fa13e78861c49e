import { realpath } from "node:fs/promises";
import { basename, isAbsolute, relative, sep } from "node:path";
import { ApiError, invalidRequest, loadFailed } from "../errors.ts";
import type { GgufHeader } from "../formats/gguf/header.ts";
import { readGgufFile } from "../formats/gguf/read.ts";
import { quantisationOf, withoutQuantisation } from "../hub/quantisation.ts";
import { BUILT_IN_MODEL, builtInModel } from "./built-in-model.ts";
import {
  type DiskFile,
  type FoundModel,
  isFileName,
  listModels,
  modelKey,
  stemOf,
} from "../hub/model-listing.ts";

/** Which file is meant where a name stands for several. */
export interface FileChoice {
  eightBit: boolean;
  fourBit: boolean;
}

export interface ModelFile {
  /** `guide`, or the path below the models directory; of the first part where the model is split. */
  name: string;
  /** Absolute; what llama.cpp is to open. */
  path: string;
  /** Absolute paths of all parts; `path` is the first. */
  parts: string[];
  /** Of all parts, in bytes. */
  fileSize: number;
  /** Flags of the choice that had no effect, each a sentence for a person. */
  warnings: string[];
}

const HUB_PREFIX = /^(?:hf:|https?:\/\/|huggingface\.co\/|hf\.co\/)/i;
/** `user/repository`, with a tag or revision perhaps. */
const HUB_NAME = /^\w[\w.-]*\/\w[\w.-]*(?:[:@][\w.-]+)?$/;

/** How many names an error lists. */
const LISTED = 10;

/**
 * Finds model files by name. A name is looked up among the files that are there and never opened as a
 * path, so no name leads out of the models directory.
 */
export class ModelFiles {
  readonly #home: string;
  readonly #directory: string;

  /** @param directory the models directory, absolute; it need not exist */
  constructor({ home, modelsDir }: { home: string; modelsDir: string }) {
    this.#home = home;
    this.#directory = modelsDir;
  }

  /**
   * The file a name stands for: `guide`, a path below the models directory with or without `.gguf`, or a
   * folder or stem with several quantisations, of which the flags choose one.
   * @throws ApiError `model_not_found` (404), `ambiguous_model` or `hub_not_supported` (400), each with what to
   * do instead; `model_load_failed` when parts of a split model are missing
   */
  async resolve(name: string, choice: FileChoice): Promise<ModelFile> {
    if (name === BUILT_IN_MODEL) return this.#builtIn(choice);
    if (HUB_PREFIX.test(name)) throw this.#hubUnsupported(name);
    const listed = await this.list();
    const wanted = await this.#belowDirectory(name);
    const exact = listed.find((model) => modelKey(model.name) === modelKey(wanted));
    if (exact && isFileName(wanted)) return toFile(exact, ineffective(exact.name, choice));
    const candidates = listed.filter((model) => standsFor(wanted, model.name));
    if (candidates.length === 0) throw this.#missing(name, listed);
    return pick(name, wanted, candidates, choice);
  }

  /** The models below the models directory, by name; the built-in one is not among them. */
  list(): Promise<FoundModel<DiskFile>[]> {
    return listModels(this.#directory);
  }

  /**
   * What a model's file says about itself; a split model's first part speaks for all.
   * @throws ApiError `model_load_failed` when any part is no GGUF file, damaged or truncated
   */
  async header(file: ModelFile): Promise<GgufHeader> {
    const [header] = await Array.fromAsync(file.parts, (path) => readGgufFile(path, basename(path)));
    if (!header?.architecture)
      throw loadFailed(`The file '${file.name}' holds no model: it names no architecture`);
    return header;
  }

  async #builtIn(choice: FileChoice): Promise<ModelFile> {
    const path = await builtInModel(this.#home);
    const fileSize = Bun.file(path).size;
    return {
      name: BUILT_IN_MODEL,
      path,
      parts: [path],
      fileSize,
      warnings: ineffective(BUILT_IN_MODEL, choice),
    };
  }

  /** The name as `list` spells it; one that leads elsewhere stays as it is and is not found. */
  async #belowDirectory(name: string): Promise<string> {
    let path = name;
    if (isAbsolute(name)) {
      const root = await realpath(this.#directory).catch(() => this.#directory);
      const below = [this.#directory, root].map((from) => relative(from, name));
      path = below.find((candidate) => !candidate.startsWith("..") && !isAbsolute(candidate)) ?? name;
    }
    return path
      .split(sep)
      .join("/")
      .replace(/^(?:\.\/)+/, "")
      .replace(/\/+$/, "");
  }

  #hubUnsupported(name: string): ApiError {
    return invalidRequest(
      `'${name}' is a name on a model hub, and this version does not download from one yet: put a GGUF file into ${this.#directory} and deploy it by its file name`,
      "model_name",
      "hub_not_supported",
    );
  }

  #missing(name: string, listed: readonly FoundModel<DiskFile>[]): ApiError {
    const [folder] = name.split("/");
    const isHubName = HUB_NAME.test(name) && !/\.gguf$/i.test(name);
    if (isHubName && !listed.some((model) => model.name.startsWith(`${folder}/`)))
      return this.#hubUnsupported(name);
    const there = listed.length === 0 ? "which holds no GGUF file yet" : `which holds ${enumerate(listed)}`;
    return new ApiError(
      404,
      "invalid_request_error",
      `There is no model '${name}': deploy '${BUILT_IN_MODEL}', which is built in, or a GGUF file below ${this.#directory}, ${there}`,
      { code: "model_not_found", param: "model_name" },
    );
  }
}

/** `wanted` is the model itself, a folder it lies in, or its stem without the quantisation. */
function standsFor(wanted: string, name: string): boolean {
  const stem = stemOf(name);
  return stem === wanted || withoutQuantisation(stem) === wanted || name.startsWith(`${wanted}/`);
}

function pick(
  name: string,
  wanted: string,
  candidates: readonly FoundModel<DiskFile>[],
  choice: FileChoice,
): ModelFile {
  const tag = choice.eightBit ? "Q8_0" : choice.fourBit ? "Q4_K_M" : null;
  const tagged = candidates.filter((model) => tag !== null && quantisationOf(stemOf(model.name)) === tag);
  const [chosen] = tagged;
  if (chosen && tagged.length === 1) return toFile(chosen, []);
  const named = candidates.find((model) => stemOf(model.name) === wanted);
  const only = candidates.length === 1 ? candidates[0] : tag === null ? named : undefined;
  if (only) return toFile(only, ineffective(only.name, choice));
  const why =
    tag === null ? "stands for several files" : `has ${chosen ? "several files" : "no file"} of ${tag}`;
  throw invalidRequest(
    `'${name}' ${why}: deploy one of ${enumerate(candidates)}`,
    "model_name",
    "ambiguous_model",
  );
}

/** The flags that chose nothing, because there was nothing to choose from. */
function ineffective(name: string, { eightBit, fourBit }: FileChoice): string[] {
  const flags = [
    { flag: "load_in_8bit", set: eightBit, tag: "Q8_0" },
    { flag: "load_in_4bit", set: fourBit, tag: "Q4_K_M" },
  ];
  return flags
    .filter(({ set, tag }) => set && quantisationOf(stemOf(name)) !== tag)
    .map(({ flag }) => `${flag} has no effect: '${name}' is the only file this name stands for`);
}

function toFile(model: FoundModel<DiskFile>, warnings: string[]): ModelFile {
  const { name, partCount, fileSize } = model;
  const parts = model.parts.map(({ path }) => path);
  const [path] = parts;
  if (path === undefined || parts.length !== partCount)
    throw loadFailed(
      `The model '${name}' is incomplete: ${parts.length} of its ${partCount} parts are there`,
    );
  return { name, path, parts, fileSize, warnings };
}

function enumerate(models: readonly FoundModel<DiskFile>[]): string {
  const names = models.slice(0, LISTED).map((model) => `'${model.name}'`);
  const more = models.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
