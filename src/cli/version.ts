import type { Command } from "commander";
import { VERSION } from "../version.ts";

/** `berth version` */
export function addVersionCommand(program: Command): void {
  program
    .command("version")
    .description("print the version")
    .option("--json", "as JSON, with that of Bun")
    .addHelpText("after", "\nExamples:\n  $ berth version\n  $ berth version --json | jq -r .bun")
    .action(({ json }: { json?: boolean }) =>
      console.log(json ? JSON.stringify({ berth: VERSION, bun: Bun.version }) : VERSION),
    );
}
