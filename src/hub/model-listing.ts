import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";

/** A file that holds a model or a part of one, on disk or on a hub. */
export interface FoundFile {
  /** The path below its folder or repository, with `/` between folders. */
  name: string;
  /** In bytes. */
  size: number;
}

/** A model: one GGUF file, or all parts of a split one. */
export interface FoundModel<T extends FoundFile> {
  /** Of the first part where it is split. */
  name: string;
  /** In order; some may be missing. */
  parts: T[];
  /** How many parts there should be. */
  partCount: number;
  /** Of all parts, in bytes. */
  fileSize: number;
}

/** A file on this machine. */
export interface DiskFile extends FoundFile {
  /** Absolute. */
  path: string;
}

const GGUF = /\.gguf$/i;
/** As llama.cpp names the parts of a split model. */
const PART = /^(.*)-(\d{5})-of-(\d{5})(?:\.gguf)?$/i;
/** A name that can mean only one model: it ends as a file does. */
export const isFileName = (name: string) => GGUF.test(name) || PART.test(name);

/** Whether every part of it is there. */
export const isComplete = ({ parts, partCount }: FoundModel<FoundFile>) => parts.length === partCount;

/**
 * Vision and audio projectors (`mmproj-F16`, `Model.mmproj-Q8_0`) and tables of importances lie beside their model and
 * are none themselves. A model that was made with such a table may end in `imatrix`.
 */
const COMPANION = /(?:^|[/._-])mmproj[^/]*$|(?:^|\/)imatrix[^/]*$/i;
const DEEPEST = 8;

/**
 * The models below a directory, by name. Links are followed: whoever can put one there decides what is
 * served. Hidden files and folders are not.
 */
export async function listModels(directory: string): Promise<FoundModel<DiskFile>[]> {
  return groupModels(await Array.fromAsync(walk(directory, "", [])));
}

/** The models among some files, by name; what is no GGUF file or belongs to another model is left out. */
export function groupModels<T extends FoundFile>(files: readonly T[]): FoundModel<T>[] {
  const models = new Map<string, FoundModel<T>>();
  for (const file of files.toSorted((a, b) => compare(a.name, b.name))) {
    const { name, size } = file;
    if (!GGUF.test(name) || COMPANION.test(name)) continue;
    const key = modelKey(name);
    const model = models.get(key);
    if (model) {
      model.parts.push(file);
      model.fileSize += size;
    } else {
      const [, , , count = 1] = PART.exec(name) ?? [];
      models.set(key, { name, parts: [file], partCount: Number(count), fileSize: size });
    }
  }
  return [...models.values()];
}

/** The same for all parts of a split model, and with or without extension. */
export function modelKey(name: string): string {
  const [, stem, , count] = PART.exec(name) ?? [];
  return count === undefined ? name.replace(GGUF, "") : `${stem}-of-${count}`;
}

/** The names of all parts of the split model that one of them belongs to, in order; of another model its own. */
export function partNames(name: string): string[] {
  const [, stem, , count] = PART.exec(name) ?? [];
  if (count === undefined || Number(count) === 0) return [name];
  const end = name.slice(name.lastIndexOf(count) + count.length);
  const number = (index: number) => String(index + 1).padStart(count.length, "0");
  return Array.from({ length: Number(count) }, (_, index) => `${stem}-${number(index)}-of-${count}${end}`);
}

/** A name without extension and numbers of parts. */
export function stemOf(name: string): string {
  const [, stem] = PART.exec(name) ?? [];
  return stem ?? name.replace(GGUF, "");
}

async function* walk(directory: string, prefix: string, above: string[]): AsyncGenerator<DiskFile> {
  const here = await realpath(directory).catch(() => null);
  // A link to a folder above would never end.
  if (here === null || above.includes(here) || above.length > DEEPEST) return;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.name.startsWith(".")) continue;
    const name = prefix + entry.name;
    const path = join(directory, entry.name);
    const isModel = GGUF.test(name);
    if (entry.isDirectory() || (entry.isSymbolicLink() && !isModel))
      yield* walk(path, `${name}/`, [...above, here]);
    else if (isModel) {
      const found = await stat(path).catch(() => null);
      if (found?.isDirectory()) yield* walk(path, `${name}/`, [...above, here]);
      else if (found?.isFile()) yield { name, path, size: found.size };
    }
  }
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
