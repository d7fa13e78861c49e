import type { Command } from "commander";
import type { ChatRequest } from "../schemas/chat.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { CommandError } from "./client/command-error.ts";
import { readyDeployment } from "./client/deployment.ts";
import {
  addGenerationOptions,
  generationFields,
  type GenerationOptions,
  systemMessage,
} from "./generation-options.ts";
import { tell } from "./terminal/output.ts";

/** `berth query <model> [prompt...]`: one question, one answer; what is piped in follows the prompt. */
export function addQueryCommand(program: Command): void {
  const command = addClientCommand(program, "query <model> [prompt...]", {
    description: "ask a model one question; what is piped in follows the prompt",
    examples: [
      'berth query guide "What is a berth?"',
      'cat report.txt | berth query guide "Summarise this in three sentences:"',
      'berth query guide "Name a colour" --temperature 0 --json | jq .usage',
    ],
  });
  addGenerationOptions(command);
  runsInSession<GenerationOptions, [string, string[]]>(command, async (session, options, model, words) => {
    const { client, json, print } = session;
    const request: ChatRequest = {
      ...generationFields(options),
      model,
      messages: [...systemMessage(options), { role: "user", content: await promptOf(words) }],
    };
    await readyDeployment(client, model, { quiet: json || !process.stderr.isTTY });
    if (json) return print(await client.complete(request), () => "");
    for await (const { choices } of client.chat(request))
      process.stdout.write(choices[0]?.delta.content ?? "");
    process.stdout.write("\n");
  });
}

/** How long one waits for what is piped in, in milliseconds, before one is told what for. */
const PATIENCE_MS = 3000;

/** What is piped in, to its end. Many programs start others with a pipe that they neither write to nor close. */
async function pipedIn(): Promise<string> {
  const explain = () => tell("Reading the standard input until it ends; with '< /dev/null' there is none");
  const timer = setTimeout(explain, PATIENCE_MS);
  try {
    return (await Bun.stdin.text()).trimEnd();
  } finally {
    clearTimeout(timer);
  }
}

/** @throws CommandError when there is nothing to ask */
async function promptOf(words: readonly string[]): Promise<string> {
  const prompt = [words.join(" "), process.stdin.isTTY ? "" : await pipedIn()].filter(Boolean).join("\n\n");
  if (prompt === "") throw new CommandError("There is no prompt: write it after the model, or pipe it in");
  return prompt;
}
