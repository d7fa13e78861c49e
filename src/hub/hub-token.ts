import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The cache of downloaded files that programs using the hub share (huggingface_hub, `constants.py`).
 * @param home where those programs keep things; `null` where they do by themselves
 */
export function hubCacheDirectory(home: string | null, env: Environment = process.env): string {
  return env["HF_HUB_CACHE"] || env["HUGGINGFACE_HUB_CACHE"] || join(home ?? usualHome(env), "hub");
}

/**
 * The token this machine has for the hub: `HF_TOKEN`, else the file that `hf auth login` writes. It is read
 * whenever it is needed, so that a login counts at once, and is kept nowhere.
 */
export async function hubToken(home: string | null, env: Environment = process.env): Promise<string | null> {
  const given = env["HF_TOKEN"] || env["HUGGING_FACE_HUB_TOKEN"];
  if (given?.trim()) return given.trim();
  const path = env["HF_TOKEN_PATH"] || join(home ?? usualHome(env), "token");
  try {
    return (await Bun.file(path).text()).trim() || null;
  } catch {
    return null;
  }
}

function usualHome(env: Environment): string {
  const userHome = env["HOME"] || homedir();
  return join(env["XDG_CACHE_HOME"] || join(userHome, ".cache"), "huggingface");
}
