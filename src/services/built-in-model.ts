import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PLACEHOLDER_VERSION, writePlaceholder } from "./placeholder-model.ts";

/** The model every installation has; deployed at start unless told otherwise. */
export const BUILT_IN_MODEL = "guide";

const TRAINED = fileURLToPath(new URL("../../models/guide/guide.gguf", import.meta.url));

/**
 * The absolute path of the built-in model's file. While the trained model is not part of the project, a
 * placeholder is written below `home` once per version; several servers may do so at the same time.
 */
export async function builtInModel(home: string): Promise<string> {
  if (await Bun.file(TRAINED).exists()) return TRAINED;
  const path = join(home, "models", ".built-in", `${BUILT_IN_MODEL}-placeholder-${PLACEHOLDER_VERSION}.gguf`);
  if (!(await Bun.file(path).exists())) await writePlaceholder(path, BUILT_IN_MODEL);
  return path;
}
