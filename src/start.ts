import { join } from "node:path";
import { ConfigError, loadConfig } from "./config.ts";
import { isMissingPackage } from "./config/file.ts";
import type { EngineChoice } from "./setup/engine-packages.ts";
import { installPackages, setUp } from "./setup/set-up.ts";

/*
 * What `bun start` runs: set-up, then the server in this same process, so that signals reach it directly.
 * Until set-up is done, nothing here may import a package.
 */

let installed = false;
try {
  installed = await setUp({ development: false, engine: await chosenEngine() });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
if (installed) becomes("main.ts");
// Imported only now: its packages may not have been there before.
await import("./main.ts");

/**
 * Bun remembers the packages that were missing when this process began. The program that takes its place keeps its
 * process id, so that whoever started it goes on to see and signal it.
 */
function becomes(program: string): void {
  const words = [process.execPath, join(import.meta.dir, program), ...process.argv.slice(2)];
  process.execve?.(process.execPath, words, process.env);
}

/** The setting `engine` where a flag, the environment or a file has it; else what `berth setup` chose last. */
async function chosenEngine(): Promise<EngineChoice | undefined> {
  const words = process.argv.slice(2);
  const valueOf = (name: string) => {
    const at = words.findIndex((word) => word === name || word.startsWith(`${name}=`));
    return words[at] === name ? words[at + 1] : words[at]?.slice(name.length + 1);
  };
  try {
    const { config } = loadConfig({ flags: { engine: valueOf("--engine") }, file: valueOf("--config") });
    return config.sources?.["engine"] === "default" ? undefined : config.engine;
  } catch (error) {
    // Where there are flags, the server tells: they may be wrong themselves, or mend what is wrong elsewhere.
    if (error instanceof ConfigError && words.length > 0) return undefined;
    // berth.yaml takes a package to be read.
    if (isMissingPackage(error) && (await installPackages(false))) becomes("start.ts");
    throw error;
  }
}
