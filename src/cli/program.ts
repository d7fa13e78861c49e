import { Command } from "commander";
import { VERSION } from "../version.ts";
import { addCheckCommand } from "./check.ts";
import { addServeCommand } from "./serve.ts";
import { settingsHelp } from "./settings-help.ts";
import { addSetUpCommand } from "./setup.ts";
import { addVersionCommand } from "./version.ts";

const EXAMPLES = `
Examples:
  $ berth                                   serve the built-in model on http://127.0.0.1:8000
  $ berth --port 9000 --model qwen/qwen3-4b-q4_k_m.gguf
  $ BERTH_DEVICE=cuda berth serve           the same settings by environment
  $ berth serve --config ./berth.yaml       or by file
  $ berth check                             memory, CPU, disk and GPU, and what is missing
  $ berth setup cuda                        install the engine for NVIDIA GPUs`;

/** The `berth` command with all its verbs; `serve` is the default. */
export function createProgram(): Command {
  const program = new Command("berth")
    .description("Serves open models (GGUF) on this machine to OpenAI clients, REST clients and browsers.")
    .version(VERSION, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError("(berth --help tells all commands and settings)")
    .addHelpText("after", () => `\n${settingsHelp()}\n${EXAMPLES}`);
  addServeCommand(program);
  addCheckCommand(program);
  addSetUpCommand(program);
  addVersionCommand(program);
  return program;
}
