import type { Command } from "commander";
import { formatBytes } from "../formats/quantity.ts";
import type { DownloadStatus } from "../schemas/download.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { CommandError } from "./client/command-error.ts";
import { HUB_TOKEN_OPTION, tokenFor } from "./client/hub-token.ts";
import type { ServerClient } from "./client/server-client.ts";
import { inCommands } from "./client/verbs.ts";
import { startProgress } from "./terminal/progress.ts";

interface PullOptions {
  "8bit"?: true;
  "4bit"?: true;
  hfToken?: string;
  wait: boolean;
}

/** `berth pull <model>`: downloads a model and follows it. */
export function addPullCommand(program: Command): void {
  const command = addClientCommand(program, "pull <model>", {
    description: "download a model from the hub; goes on where an earlier download ended",
    examples: [
      "berth pull user/repo                 the usual quantisation, Q4_K_M where there is one",
      "berth pull user/repo:Q8_0",
      "berth pull user/repo/path/file.gguf --no-wait",
      "HF_TOKEN=… berth pull user/gated     with a token, which the server forgets afterwards",
    ],
  })
    .option("--8bit", "take the Q8_0 file")
    .option("--4bit", "take the Q4_K_M file")
    .option(...HUB_TOKEN_OPTION)
    .option("--no-wait", "return as soon as it has begun");
  runsInSession<PullOptions, [string]>(command, async ({ client, json, print }, options, model) => {
    const answer = await client.pull({
      model,
      hf_token: options.hfToken ?? tokenFor(client.url),
      load_in_8bit: options["8bit"],
      load_in_4bit: options["4bit"],
    });
    if (!answer.download || !options.wait) return print(answer, () => inCommands(answer.message));
    const done = await follow(client, answer.download, { quiet: json });
    if (json) print(done, () => "");
  });
}

/** @throws CommandError why it failed */
async function follow(
  client: ServerClient,
  begun: DownloadStatus,
  { quiet }: { quiet: boolean },
): Promise<DownloadStatus> {
  const progress = startProgress(`Downloading ${begun.model_name}`, {
    quiet,
    farewell: "The download goes on in the server: pull again to follow it, 'berth rm' to give it up",
  });
  try {
    let last = begun;
    for await (last of client.download(begun.id)) {
      if (last.state === "completed") break;
      progress.update(last.progress, progressText(last));
    }
    if (last.state !== "completed") throw new CommandError(last.error ?? `The download is ${last.state}`);
    // It may be what the hub says it is and no model all the same.
    const { error } = await client.diskModel(last.model_name);
    if (error !== null)
      throw new CommandError(
        `${last.model_name} is downloaded, and can not be used: ${error}. 'berth rm ${last.model_name}' removes it`,
      );
    progress.done(`${last.model_name} is here: berth deploy ${last.model_name}`);
    return last;
  } catch (error) {
    progress.clear();
    throw error;
  }
}

/** `Downloading 41 % of 4.6 GiB, 31 MiB/s, 1 min 28 s left` */
function progressText({ state, progress, note, ...more }: DownloadStatus): string {
  if (note !== null) return note;
  const percent = progress === null ? "" : ` ${Math.floor(progress * 100)} %`;
  if (state === "verifying") return `Verifying${percent}`;
  if (state !== "downloading") return `Download ${state}`;
  const { total_bytes, downloaded_bytes, bytes_per_second, eta_seconds } = more;
  const size = total_bytes === null ? formatBytes(downloaded_bytes) : `of ${formatBytes(total_bytes)}`;
  const speed = bytes_per_second > 0 ? `, ${formatBytes(bytes_per_second)}/s` : "";
  const left = eta_seconds === null ? "" : `, ${duration(eta_seconds)} left`;
  return `Downloading${percent} ${size}${speed}${left}`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
