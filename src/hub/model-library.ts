import { realpath } from "node:fs/promises";
import { isAbsolute, relative, sep } from "node:path";
import { invalidRequest, loadFailed } from "../errors.ts";
import { listCachedModels } from "./hub-cache.ts";
import { enumerate } from "./hub-failures.ts";
import {
  type DiskFile,
  type FoundModel,
  isComplete,
  isFileName,
  listModels,
  modelKey,
  stemOf,
} from "./model-listing.ts";
import { folderOf, type HubName } from "./model-name.ts";
import { byPreference, isQuantisation, quantisationOf, withoutQuantisation } from "./quantisation.ts";

/** Which file is meant where a name stands for several. */
export interface FileChoice {
  eightBit: boolean;
  fourBit: boolean;
}

/** What a folder of models is. */
export type Shelf = "models" | "directory" | "cache";

/** A model on this machine. */
export interface LibraryModel extends FoundModel<DiskFile> {
  /** The models directory, another one that is configured, or the cache shared with other programs. */
  shelf: Shelf;
}

/** A model that a name stands for. */
export interface Match {
  model: LibraryModel;
  /** Flags of the choice that had no effect, each a sentence for a person. */
  warnings: string[];
}

export interface LibraryFolders {
  /** Absolute; downloads go there. It need not exist. */
  modelsDir: string;
  /** Absolute; other folders whose models are used where they are. */
  modelDirs: readonly string[];
  /** Absolute; the hub's cache. */
  cacheDir: string;
}

/** The quantisation that a flag chooses; `null` without one. */
export const tagOf = ({ eightBit, fourBit }: FileChoice): string | null =>
  eightBit ? "Q8_0" : fourBit ? "Q4_K_M" : null;

/**
 * The models on this machine. A name is looked up among the files that are there and never opened as a
 * path, so no name leads out of the folders that are configured.
 */
export class ModelLibrary {
  readonly #folders: LibraryFolders;

  constructor(folders: LibraryFolders) {
    this.#folders = folders;
  }

  /** Every model, by folder; of two with the same name the first counts, unless only the other is complete. */
  async list(): Promise<LibraryModel[]> {
    const { modelsDir, modelDirs, cacheDir } = this.#folders;
    const shelves = await Promise.all([
      on("models", listModels(modelsDir)),
      ...modelDirs.map((directory) => on("directory", listModels(directory))),
      on("cache", listCachedModels(cacheDir)),
    ]);
    const known = new Map<string, LibraryModel>();
    for (const model of shelves.flat()) {
      const key = modelKey(model.name);
      const other = known.get(key);
      if (!other || (!isComplete(other) && isComplete(model))) known.set(key, model);
    }
    return [...known.values()];
  }

  /**
   * The model that a path or a word stands for: a file with or without `.gguf`, or a folder or stem with several
   * quantisations, of which the flags choose one.
   * @returns `null` when there is none
   * @throws ApiError `ambiguous_model`
   */
  async find(name: string, choice: FileChoice): Promise<Match | null> {
    const models = await this.list();
    const wanted = await this.#belowFolder(name);
    const exact = models.find((model) => modelKey(model.name) === modelKey(wanted));
    if (exact && isFileName(wanted)) return only(exact, choice);
    const candidates = models.filter((model) => standsFor(wanted, model.name));
    return candidates.length === 0 ? null : pick(name, wanted, candidates, choice);
  }

  /**
   * The model that a name on the hub stands for, when all of it is here already; of several, the usual one.
   * @returns `null` when it is not, or only in another quantisation
   */
  async findRepository(name: HubName): Promise<LibraryModel | null> {
    return (await this.ofRepository(name)).find(isComplete) ?? null;
  }

  /** All models here that a name on the hub may stand for, the usual one first, also incomplete ones. */
  async ofRepository(name: HubName): Promise<LibraryModel[]> {
    const folder = `${folderOf(name)}/`;
    const models = (await this.list()).filter((model) => model.name.startsWith(folder));
    if (name.file !== null) {
      const key = modelKey(folder + name.file);
      return models.filter((model) => modelKey(model.name) === key);
    }
    const { tag } = name;
    return models
      .map((model) => ({ model, quantisation: quantisationOf(stemOf(model.name)), fileSize: model.fileSize }))
      .filter(({ quantisation }) => tag === null || isQuantisation(tag, quantisation))
      .toSorted(byPreference)
      .map(({ model }) => model);
  }

  /** Whether any model's name begins like this. */
  async has(prefix: string): Promise<boolean> {
    return (await this.list()).some((model) => model.name.startsWith(prefix));
  }

  /** The name as `list` spells it; one that leads elsewhere stays as it is and is not found. */
  async #belowFolder(name: string): Promise<string> {
    let path = name;
    if (isAbsolute(name)) {
      const roots = [this.#folders.modelsDir, ...this.#folders.modelDirs];
      const real = await Promise.all(roots.map((root) => realpath(root).catch(() => root)));
      const below = [...roots, ...real].map((from) => relative(from, name));
      path = below.find((candidate) => !candidate.startsWith("..") && !isAbsolute(candidate)) ?? name;
    }
    return path
      .split(sep)
      .join("/")
      .replace(/^(?:\.\/)+/, "")
      .replace(/\/+$/, "");
  }
}

/** @throws ApiError `model_load_failed` when a part of it is missing */
export function assertComplete(model: FoundModel<DiskFile>): void {
  if (isComplete(model)) return;
  const { name, parts, partCount } = model;
  throw loadFailed(`The model '${name}' is incomplete: ${parts.length} of its ${partCount} parts are there`);
}

/** The flags that chose nothing, because there was nothing to choose from. */
export function ineffective(name: string, { eightBit, fourBit }: FileChoice): string[] {
  const flags = [
    { flag: "load_in_8bit", set: eightBit, tag: "Q8_0" },
    { flag: "load_in_4bit", set: fourBit, tag: "Q4_K_M" },
  ];
  return flags
    .filter(({ set, tag }) => set && quantisationOf(stemOf(name)) !== tag)
    .map(({ flag }) => `${flag} has no effect: '${name}' is the only file this name stands for`);
}

const only = (model: LibraryModel, choice: FileChoice): Match => ({
  model,
  warnings: ineffective(model.name, choice),
});

async function on(shelf: Shelf, listing: Promise<FoundModel<DiskFile>[]>): Promise<LibraryModel[]> {
  return (await listing).map((model) => ({ ...model, shelf }));
}

/** `wanted` is the model itself, a folder it lies in, or its stem without the quantisation. */
function standsFor(wanted: string, name: string): boolean {
  const stem = stemOf(name);
  return stem === wanted || withoutQuantisation(stem) === wanted || name.startsWith(`${wanted}/`);
}

function pick(name: string, wanted: string, candidates: readonly LibraryModel[], choice: FileChoice): Match {
  const tag = tagOf(choice);
  const tagged = candidates.filter((model) => tag !== null && quantisationOf(stemOf(model.name)) === tag);
  const [chosen] = tagged;
  if (chosen && tagged.length === 1) return { model: chosen, warnings: [] };
  const named = candidates.find((model) => stemOf(model.name) === wanted);
  const single = candidates.length === 1 ? candidates[0] : tag === null ? named : undefined;
  if (single) return only(single, choice);
  const why =
    tag === null ? "stands for several files" : `has ${chosen ? "several files" : "no file"} of ${tag}`;
  const names = candidates.map((model) => model.name);
  throw invalidRequest(
    `'${name}' ${why}: deploy one of ${enumerate(names)}`,
    "model_name",
    "ambiguous_model",
  );
}
