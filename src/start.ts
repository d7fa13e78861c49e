import { join } from "node:path";
import { ConfigError, loadConfig } from "./config.ts";
import type { EngineChoice } from "./setup/engine-packages.ts";
import { setUp } from "./setup/set-up.ts";

/*
 * What `bun start` runs: set-up, then the server in this same process, so that signals reach it directly.
 * Until set-up is done, nothing here may import a package.
 */

let installed = false;
try {
  installed = await setUp({ development: false, engine: chosenEngine(process.argv.slice(2)) });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
// Bun's bundler, which builds the page, remembers the packages that were missing when this process began. The
// program that takes its place keeps its process id, so that whoever started it goes on to see and signal it.
if (installed) {
  const main = join(import.meta.dir, "main.ts");
  process.execve?.(process.execPath, [process.execPath, main, ...process.argv.slice(2)], process.env);
}
// Imported only now: its packages may not have been there before.
await import("./main.ts");

/** The setting `engine` where a flag, the environment or a file has it; else what `berth setup` chose last. */
function chosenEngine(words: readonly string[]): EngineChoice | undefined {
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
    throw error;
  }
}
