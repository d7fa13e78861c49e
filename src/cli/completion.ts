import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/**
 * `berth complete <shell>` prints the shell's script, which then asks `berth complete -- …` while a person types.
 * To be added after all other verbs.
 */
export function addCompletion(program: Command): void {
  tab(program);
}
