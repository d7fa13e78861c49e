import type { Command } from "commander";
import { VERSION } from "../version.ts";

/** `berth version` */
export function addVersionCommand(program: Command): void {
  program
    .command("version")
    .description("print the version")
    .action(() => console.log(VERSION));
}
