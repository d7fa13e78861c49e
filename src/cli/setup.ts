import { Argument, type Command } from "commander";
import { rememberEngineChoice } from "../setup/engine-choice.ts";
import {
  ENGINE_CHOICES,
  type EngineChoice,
  enginePackages,
  missingLibraries,
} from "../setup/engine-packages.ts";
import { inspectMachine } from "../setup/machine.ts";
import { removeOtherEngines, setUp } from "../setup/set-up.ts";
import { SetUpError } from "../setup/set-up-error.ts";

const EXAMPLES = `
Examples:
  $ berth setup          CUDA where an NVIDIA driver is seen, else the CPU
  $ berth setup vulkan   for other GPUs`;

/** `berth setup [engine]`: installs an engine for this machine, and it alone, and remembers the choice. */
export function addSetUpCommand(program: Command): void {
  program
    .command("setup")
    .description(
      "install the engine for this machine: cpu, cuda, vulkan, or auto to choose by the driver seen",
    )
    .addHelpText("after", EXAMPLES)
    .addArgument(new Argument("[engine]", "which engine").choices([...ENGINE_CHOICES]).default("auto"))
    .option("--json", "as JSON")
    .action(async (engine: EngineChoice, { json = false }: { json?: boolean }) => {
      try {
        const done = await choose(engine);
        if (json) console.log(JSON.stringify(done, null, 2));
        else console.log(toText(done));
      } catch (error) {
        if (!(error instanceof SetUpError)) throw error;
        if (!json) program.error(error.message);
        console.error(JSON.stringify({ error: { message: error.message } }));
        process.exitCode = 1;
      }
    });
}

interface Done {
  /** The packages that are there now. */
  ready: string[];
  removed: string[];
  /** What is still missing, or keeps the choice from holding. */
  notes: string[];
}

async function choose(engine: EngineChoice): Promise<Done> {
  await setUp({ development: false, engine });
  const removed = await removeOtherEngines(engine);
  const notes: string[] = [];
  try {
    rememberEngineChoice(engine);
  } catch (error) {
    notes.push(
      `the choice can not be kept for the next start (${(error as Error).message}): set BERTH_ENGINE=${engine}`,
    );
  }
  const machine = inspectMachine();
  const ready = enginePackages(machine, engine);
  const lacking = missingLibraries(machine, ready);
  if (lacking !== null) notes.push(lacking);
  const fromEnvironment = process.env["BERTH_ENGINE"];
  if (fromEnvironment && fromEnvironment !== engine)
    notes.push(`BERTH_ENGINE=${fromEnvironment} is set and wins over this choice at the next start`);
  return { ready, removed, notes };
}

function toText({ ready, removed, notes }: Done): string {
  const gone = removed.length > 0 ? [`Removed: ${removed.join(", ")}`] : [];
  return [...gone, `Ready: ${ready.join(", ")}`, ...notes].join("\n");
}
