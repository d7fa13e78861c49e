import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ENGINE_CHOICES, type EngineChoice, isEngineChoice } from "./engine-packages.ts";
import { SetUpError } from "./set-up-error.ts";

/** Where `berth setup` remembers what was chosen. */
function choiceFile(env: Record<string, string | undefined>): string {
  const userHome = env["HOME"] || homedir();
  // As `config/kinds.ts` reads a path, which is not there yet where an image installs its packages.
  const home = env["BERTH_HOME"]?.trim().replace(/^~(?=\/|$)/, () => userHome);
  return resolve(home || join(userHome, ".berth"), "engine");
}

/**
 * BERTH_ENGINE, else what `berth setup` chose last, else `auto`.
 * @throws SetUpError when BERTH_ENGINE is none of the choices
 */
export function readEngineChoice(env: Record<string, string | undefined> = process.env): EngineChoice {
  const fromEnvironment = env["BERTH_ENGINE"]?.trim().toLowerCase();
  if (fromEnvironment) {
    if (isEngineChoice(fromEnvironment)) return fromEnvironment;
    throw new SetUpError(
      `BERTH_ENGINE is '${fromEnvironment}': expected one of ${ENGINE_CHOICES.join(", ")}`,
    );
  }
  try {
    const remembered = readFileSync(choiceFile(env), "utf8").trim();
    return isEngineChoice(remembered) ? remembered : "auto";
  } catch {
    return "auto";
  }
}

/** Remembers the choice for later starts. */
export function rememberEngineChoice(
  choice: EngineChoice,
  env: Record<string, string | undefined> = process.env,
): void {
  const file = choiceFile(env);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, `${choice}\n`);
}
