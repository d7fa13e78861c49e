import type { Command } from "commander";
import { formatBytes } from "../formats/quantity.ts";
import { stemOf } from "../hub/model-listing.ts";
import { isQuantisation, quantisationOf } from "../hub/quantisation.ts";
import type { DownloadStatus } from "../schemas/download.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { CommandError, ServerRefusal } from "./client/command-error.ts";
import type { ServerClient } from "./client/server-client.ts";

/** `berth rm <model>`: removes a downloaded model, or what arrived of one. */
export function addRemoveCommand(program: Command): void {
  const command = addClientCommand(program, "rm <model>", {
    description: "remove a downloaded model, or a download that is not complete",
    examples: ["berth rm user/repo:Q4_K_M", "berth rm user/repo/path/file.gguf"],
  });
  runsInSession<object, [string]>(command, async ({ client, print }, _options, model) => {
    const meant = (await client.downloads()).downloads.filter((download) => isMeant(download, model));
    const giveUp = async ({ id, model_name }: DownloadStatus) =>
      print(
        await client.discard(id),
        () => `The download of '${model_name}' is given up, and what arrived of it is removed`,
      );
    // Before any model: who breaks a download off is told to give it up by the name of the pull.
    const open = meant.filter(({ state }) => state !== "cancelled");
    const [first] = open;
    if (first) {
      const whole = first.model_name === model ? [] : await inRepository(client, model, first.model_name);
      const names = [...open.map(({ model_name }) => model_name), ...whole];
      if (names.length === 1) return giveUp(first);
      throw new CommandError(`'${model}' stands for several: name one of ${names.join(", ")}`);
    }
    try {
      const answer = await client.removeModel(model);
      print(answer, () => `${answer.message}: ${formatBytes(answer.freed_bytes)} are free again`);
    } catch (error) {
      const [cancelled] = meant;
      if (!cancelled || !isMissing(error)) throw error;
      await giveUp(cancelled);
    }
  });
}

const isMissing = (error: unknown) => error instanceof ServerRefusal && error.code === "model_not_found";

/** The models on disk of a repository that is named without saying which of them. */
async function inRepository(client: ServerClient, name: string, except: string): Promise<string[]> {
  if (name.includes(":")) return [];
  const { models } = await client.diskModels();
  return models.map(({ id }) => id).filter((id) => id.startsWith(`${name}/`) && id !== except);
}

/** Whether a name as one pulls it means this download, of which something may lie there. */
function isMeant({ model_name, source, state }: DownloadStatus, name: string): boolean {
  if (state === "completed") return false;
  const [repository, tag] = name.split(":");
  const isQuantised = tag !== undefined && isQuantisation(tag, quantisationOf(stemOf(model_name)));
  return model_name === name || source === name || (source === repository && isQuantised);
}
