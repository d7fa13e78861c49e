import { fileURLToPath } from "node:url";

/** The model every installation has; deployed at start unless told otherwise. */
export const BUILT_IN_MODEL = "guide";

/** The absolute path of its file, which `models/guide` is the making of. */
export const BUILT_IN_FILE = fileURLToPath(new URL("../../models/guide/guide.gguf", import.meta.url));
