import { Argument, type Command } from "commander";
import { rememberEngineChoice } from "../setup/engine-choice.ts";
import {
  ENGINE_CHOICES,
  type EngineChoice,
  enginePackages,
  UnsupportedMachine,
} from "../setup/engine-packages.ts";
import { inspectMachine } from "../setup/machine.ts";
import { setUp } from "../setup/set-up.ts";

/** `berth setup [engine]`: installs an engine for this machine and remembers the choice for later starts. */
export function addSetUpCommand(program: Command): void {
  program
    .command("setup")
    .description(
      "install the engine for this machine: cpu, cuda, vulkan, or auto to choose by the driver seen",
    )
    .addArgument(new Argument("[engine]", "which engine").choices([...ENGINE_CHOICES]).default("auto"))
    .action(async (engine: EngineChoice) => {
      try {
        await setUp({ development: false, engine });
      } catch (error) {
        if (error instanceof UnsupportedMachine) program.error(error.message);
        throw error;
      }
      rememberEngineChoice(engine);
      console.log(`Ready: ${enginePackages(inspectMachine(), engine).join(", ")}`);
      if (process.env["BERTH_ENGINE"] && process.env["BERTH_ENGINE"] !== engine)
        console.log(
          `BERTH_ENGINE=${process.env["BERTH_ENGINE"]} is set and wins over this choice at the next start`,
        );
    });
}
