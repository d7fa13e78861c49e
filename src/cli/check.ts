import type { Command } from "commander";
import { SystemProbe } from "../system/probe.ts";
import { inspect, reportText } from "./check-report.ts";
import { addSettingOptions, readSettings } from "./settings-help.ts";

/** `berth check`: what this machine has for models, and what is missing. Exit code 1 when nothing can run here. */
export function addCheckCommand(program: Command): void {
  const command = program
    .command("check")
    .description("tell memory, CPU, disk, GPU and engines, and what is missing")
    .option("--json", "as JSON")
    .allowExcessArguments(false)
    .action(async ({ json }: { json?: boolean }) => {
      const { config, warnings } = readSettings(command);
      for (const warning of warnings) console.error(warning);
      const report = await inspect(new SystemProbe(config.modelsDir));
      console.log(json ? JSON.stringify(report, null, 2) : reportText(report));
      process.exitCode = report.problems.length > 0 ? 1 : 0;
    });
  addSettingOptions(command);
}
