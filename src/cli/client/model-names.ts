import type { DiskModel } from "../../schemas/disk-model.ts";
import { findConnection } from "./connection.ts";
import { ServerClient } from "./server-client.ts";

/** Somebody has pressed Tab and waits. */
const PATIENCE_MS = 1000;

/**
 * The models that a verb may be given, as the running server has them; none where it gives no answer, for this is no
 * time to complain.
 * @param words what follows the verb, the last of them still being typed
 */
export async function modelNames(verb: string, words: readonly string[]): Promise<string[]> {
  // A shell takes a colon for the end of a word, and would repeat what stands before it.
  if (words.at(-1)?.includes(":")) return [];
  const flag = words.indexOf("--url");
  const url = flag < 0 ? undefined : words[flag + 1];
  try {
    return await namesFor(verb, new ServerClient(findConnection(url)), AbortSignal.timeout(PATIENCE_MS));
  } catch {
    return [];
  }
}

async function namesFor(verb: string, client: ServerClient, signal: AbortSignal): Promise<string[]> {
  const deployed = async () =>
    (await client.status(signal)).models.flatMap(({ model_name, aliases }) => [model_name, ...aliases]);
  if (verb === "undeploy") return deployed();
  const onDisk = async (isMeant: (model: DiskModel) => boolean) =>
    (await client.diskModels(signal)).models.filter(isMeant).map(({ id }) => id);
  if (verb === "rm") return onDisk(({ removable }) => removable);
  // An adapter can be shown, and nothing else be done with it alone.
  const names = await Promise.all([deployed(), onDisk(({ kind }) => kind === "model" || verb === "show")]);
  return [...new Set(names.flat())];
}
