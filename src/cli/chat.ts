import type { Command } from "commander";
import { ChatLoop } from "./chat/chat-loop.ts";
import { Conversation } from "./chat/conversation.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { CommandError } from "./client/command-error.ts";
import { readyDeployment } from "./client/deployment.ts";
import type { ServerClient } from "./client/server-client.ts";
import {
  addGenerationOptions,
  generationFields,
  type GenerationOptions,
  systemMessage,
} from "./generation-options.ts";

/** `berth chat [model]`, `berth run [model]`: a conversation on the terminal. */
export function addChatCommand(program: Command): void {
  const command = addClientCommand(program, "chat [model]", {
    description: "talk to a model (default: the current one), deploying it where need be",
    examples: [
      "berth chat guide",
      'berth run guide --system "Answer in one sentence." --temperature 0',
      "berth chat guide < questions.txt                  each line is a question",
      "berth chat guide --json < questions.txt           each line is answered by one of JSON",
    ],
  }).alias("run");
  addGenerationOptions(command);
  runsInSession<GenerationOptions, [string | undefined]>(
    command,
    async ({ client, json }, options, named) => {
      const model = named ?? (await currentModel(client));
      await readyDeployment(client, model, { quiet: json });
      const request = { ...generationFields(options), model };
      await new ChatLoop(new Conversation(client, request, systemMessage(options)), { json }).run();
    },
  );
}

async function currentModel(client: ServerClient): Promise<string> {
  const { model_name, models } = await client.status();
  // One that was unloaded for being idle is loaded by the request itself.
  const current = model_name ?? models.findLast(({ state }) => state === "unloaded")?.model_name;
  if (current === undefined)
    throw new CommandError("No model is ready: name one, such as 'berth chat guide', and it is deployed");
  return current;
}
