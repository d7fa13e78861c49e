import type { Command } from "commander";
import { addClientCommand, runsInSession } from "./client/client-command.ts";

/** `berth undeploy [model]` */
export function addUndeployCommand(program: Command): void {
  const command = addClientCommand(program, "undeploy [model]", {
    description: "let a model finish its requests and give its memory back (default: the current model)",
    examples: ["berth undeploy", "berth undeploy guide"],
  });
  runsInSession<object, [string | undefined]>(command, async ({ client, print }, _options, model) => {
    const answer = await client.undeploy(model);
    print(answer, () => answer.message);
  });
}
