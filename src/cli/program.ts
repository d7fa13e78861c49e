import { Command } from "commander";
import { VERSION } from "../version.ts";
import { addChatCommand } from "./chat.ts";
import { addCheckCommand } from "./check.ts";
import { addCompletion } from "./completion.ts";
import { addDeployCommand } from "./deploy.ts";
import { addListCommand } from "./list.ts";
import { addLogsCommand } from "./logs.ts";
import { addPullCommand } from "./pull.ts";
import { addQueryCommand } from "./query.ts";
import { addRecommendCommand } from "./recommend.ts";
import { addRemoveCommand } from "./remove.ts";
import { addServeCommand } from "./serve.ts";
import { settingsHelp } from "./settings-help.ts";
import { addSetUpCommand } from "./setup.ts";
import { addShowCommand } from "./show.ts";
import { addStatusCommand } from "./status.ts";
import { addUndeployCommand } from "./undeploy.ts";
import { addVersionCommand } from "./version.ts";

const EXAMPLES = `
Examples:
  $ berth                                   serve the built-in model on http://127.0.0.1:8000
  $ berth --port 9000 --model qwen/qwen3-4b-q4_k_m.gguf
  $ BERTH_DEVICE=cuda berth serve           the same settings by environment
  $ berth serve --config ./berth.yaml       or by file
  $ berth deploy guide                      deploy a model on the running server
  $ berth chat guide                        talk to it
  $ berth pull user/repo:Q4_K_M             download a model from the hub
  $ berth recommend --purpose code          which open models suit this machine
  $ berth check user/repo:Q4_K_M            whether a model fits, before it is downloaded
  $ cat notes.txt | berth query guide "Summarise:"
  $ berth status --url http://other:8000    of another server
  $ berth check                             memory, CPU, disk and GPU, and what is missing
  $ berth setup cuda                        install the engine for NVIDIA GPUs
  $ source <(berth complete bash)           complete commands by Tab; zsh, fish and powershell, too

Exit codes: 0 done, 1 failed or used wrongly, 3 no server answers, 130 interrupted.`;

/** The `berth` command with all its verbs; `serve` is the default. */
export function createProgram(): Command {
  const program = new Command("berth")
    .description("Serves open models (GGUF) on this machine to OpenAI clients, REST clients and browsers.")
    .version(VERSION, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError("(berth --help tells all commands and settings)")
    .addHelpText("after", () => `\n${settingsHelp()}\n${EXAMPLES}`);
  addServeCommand(program);
  addDeployCommand(program);
  addUndeployCommand(program);
  addStatusCommand(program);
  addPullCommand(program);
  addListCommand(program);
  addShowCommand(program);
  addRemoveCommand(program);
  addChatCommand(program);
  addQueryCommand(program);
  addLogsCommand(program);
  addRecommendCommand(program);
  addCheckCommand(program);
  addSetUpCommand(program);
  addVersionCommand(program);
  addCompletion(program);
  return program;
}
