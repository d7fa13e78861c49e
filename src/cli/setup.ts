import { Argument, type Command } from "commander";
import { rememberEngineChoice } from "../setup/engine-choice.ts";
import {
  ENGINE_CHOICES,
  type EngineChoice,
  enginePackages,
  missingLibraries,
  UnsupportedMachine,
} from "../setup/engine-packages.ts";
import { inspectMachine } from "../setup/machine.ts";
import { removeOtherEngines, setUp } from "../setup/set-up.ts";

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
    .action(async (engine: EngineChoice) => {
      try {
        await choose(engine);
      } catch (error) {
        if (error instanceof UnsupportedMachine) program.error(error.message);
        throw error;
      }
    });
}

async function choose(engine: EngineChoice): Promise<void> {
  await setUp({ development: false, engine });
  const removed = await removeOtherEngines(engine);
  rememberEngineChoice(engine);
  if (removed.length > 0) console.log(`Removed: ${removed.join(", ")}`);
  const machine = inspectMachine();
  const packages = enginePackages(machine, engine);
  console.log(`Ready: ${packages.join(", ")}`);
  const lacking = missingLibraries(machine, packages);
  if (lacking !== null) console.log(lacking);
  const fromEnvironment = process.env["BERTH_ENGINE"];
  if (fromEnvironment && fromEnvironment !== engine)
    console.log(`BERTH_ENGINE=${fromEnvironment} is set and wins over this choice at the next start`);
}
