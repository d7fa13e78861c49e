import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadFailed } from "../errors.ts";
import { readGgufFile } from "../formats/gguf/read.ts";
import { PLACEHOLDER_VERSION, writePlaceholder } from "./placeholder-model.ts";

/** The model every installation has; deployed at start unless told otherwise. */
export const BUILT_IN_MODEL = "guide";

const TRAINED = fileURLToPath(new URL("../../models/guide/guide.gguf", import.meta.url));

/**
 * The absolute path of the built-in model's file. While the trained model is not part of the project, a
 * placeholder is written below `home`, once per version; several servers may do so at the same time.
 * @throws ApiError `model_load_failed` when the placeholder can not be written
 */
export async function builtInModel(home: string): Promise<string> {
  if (await Bun.file(TRAINED).exists()) return TRAINED;
  const path = join(home, "models", ".built-in", `${BUILT_IN_MODEL}-placeholder-${PLACEHOLDER_VERSION}.gguf`);
  if (await isWhole(path)) return path;
  try {
    await writePlaceholder(path, BUILT_IN_MODEL);
  } catch (error) {
    throw loadFailed(`The built-in model can not be written to ${path}: ${String(error)}`);
  }
  return path;
}

async function isWhole(path: string): Promise<boolean> {
  try {
    await readGgufFile(path, BUILT_IN_MODEL);
    return true;
  } catch {
    return false;
  }
}
