import type { Command } from "commander";
import { formatBytes } from "../formats/quantity.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { ServerRefusal } from "./client/command-error.ts";
import type { ServerClient } from "./client/server-client.ts";

/** `berth rm <model>`: removes a downloaded model, or what arrived of one. */
export function addRemoveCommand(program: Command): void {
  const command = addClientCommand(program, "rm <model>", {
    description: "remove a downloaded model, or a download that is not complete",
    examples: ["berth rm user/repo:Q4_K_M", "berth rm user/repo/path/file.gguf"],
  });
  runsInSession<object, [string]>(command, async ({ client, print }, _options, model) => {
    try {
      const answer = await client.removeModel(model);
      print(answer, () => `${answer.message}: ${formatBytes(answer.freed_bytes)} are free again`);
    } catch (error) {
      const given = isMissing(error) ? await discardDownload(client, model) : null;
      if (!given) throw error;
      print(
        given,
        () => `The download of '${given.model_name}' is given up, and what arrived of it is removed`,
      );
    }
  });
}

const isMissing = (error: unknown) => error instanceof ServerRefusal && error.code === "model_not_found";

async function discardDownload(client: ServerClient, model: string) {
  const { downloads } = await client.downloads();
  const meant = downloads.find(
    ({ model_name, source, state }) =>
      (model_name === model || source === model) && state !== "completed" && state !== "cancelled",
  );
  return meant ? client.discard(meant.id) : null;
}
