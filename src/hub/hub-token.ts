import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where programs that use the hub keep things (huggingface_hub, `constants.py`). */
function hubHome(env: Environment = process.env): string {
  const home = env["HOME"] || homedir();
  return env["HF_HOME"] || join(env["XDG_CACHE_HOME"] || join(home, ".cache"), "huggingface");
}

/** The cache of downloaded files that those programs share. */
export function hubCacheDirectory(env: Environment = process.env): string {
  return env["HF_HUB_CACHE"] || env["HUGGINGFACE_HUB_CACHE"] || join(hubHome(env), "hub");
}

/**
 * The token this machine has for the hub: `HF_TOKEN`, else the file that `hf auth login` writes. It is read
 * whenever it is needed, so that a login counts at once, and is kept nowhere.
 */
export async function hubToken(env: Environment = process.env): Promise<string | null> {
  const given = env["HF_TOKEN"] || env["HUGGING_FACE_HUB_TOKEN"];
  if (given?.trim()) return given.trim();
  const path = env["HF_TOKEN_PATH"] || join(hubHome(env), "token");
  try {
    return (await Bun.file(path).text()).trim() || null;
  } catch {
    return null;
  }
}
