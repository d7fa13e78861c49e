import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";

/** A model on disk: one GGUF file, or all parts of a split one. */
export interface ListedModel {
  /** The path below the models directory, with `/` between folders; of the first part where it is split. */
  name: string;
  /** Absolute path of each part, in order. */
  parts: string[];
  /** How many parts there should be. */
  partCount: number;
  /** Of all parts, in bytes. */
  fileSize: number;
}

interface FoundFile {
  name: string;
  path: string;
  size: number;
}

const GGUF = /\.gguf$/i;
/** As llama.cpp names the parts of a split model. */
const PART = /^(.*)-(\d{5})-of-(\d{5})(?:\.gguf)?$/i;
/** A name that can mean only one model: it ends as a file does. */
export const isFileName = (name: string) => GGUF.test(name) || PART.test(name);

/** Vision and audio projectors lie beside their model and are none themselves. */
const PROJECTOR = /(^|\/)mmproj[^/]*$/i;
const DEEPEST = 8;

/**
 * The models below a directory, by name. Links are followed: whoever can put one there decides what is
 * served. Hidden files and folders are not.
 */
export async function listModels(directory: string): Promise<ListedModel[]> {
  const models = new Map<string, ListedModel>();
  const files = await Array.fromAsync(walk(directory, "", []));
  for (const { name, path, size } of files.toSorted((a, b) => compare(a.name, b.name))) {
    if (PROJECTOR.test(name)) continue;
    const key = modelKey(name);
    const model = models.get(key);
    if (model) {
      model.parts.push(path);
      model.fileSize += size;
    } else {
      const [, , , count = 1] = PART.exec(name) ?? [];
      models.set(key, { name, parts: [path], partCount: Number(count), fileSize: size });
    }
  }
  return [...models.values()];
}

/** The same for all parts of a split model, and with or without extension. */
export function modelKey(name: string): string {
  const [, stem, , count] = PART.exec(name) ?? [];
  return count === undefined ? name.replace(GGUF, "") : `${stem}-of-${count}`;
}

/** A name without extension and numbers of parts. */
export function stemOf(name: string): string {
  const [, stem] = PART.exec(name) ?? [];
  return stem ?? name.replace(GGUF, "");
}

async function* walk(directory: string, prefix: string, above: string[]): AsyncGenerator<FoundFile> {
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
