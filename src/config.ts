import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Config } from "./config/config.ts";
import { readConfigFile } from "./config/file.ts";
import { nearest } from "./config/nearest.ts";
import { SettingReader } from "./config/setting-reader.ts";
import { ALL_SETTINGS, SETTINGS, WATCHDOG_SETTINGS } from "./config/settings.ts";

/** What settings are read from. */
export interface ConfigInput {
  /** By long option without dashes, e.g. `{ "log-level": "debug" }`. */
  flags?: Readonly<Record<string, string | undefined>>;
  /** Default: the environment of this process. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Absolute; default the working directory. */
  directory?: string;
  /** The file to read in place of those found by themselves; it has to exist. */
  file?: string;
}

/** Everything that is wrong with the configuration at once; the message has a line for each. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Names the file to read. */
export const FILE_VARIABLE = "BERTH_CONFIG";
/** Where commands find the server. */
export const URL_VARIABLE = "BERTH_URL";
/** What commands show the server as a bearer token. */
export const API_KEY_VARIABLE = "BERTH_API_KEY";

/** Variables of ours that are no settings of the server. */
const OTHER_VARIABLES = [FILE_VARIABLE, URL_VARIABLE, API_KEY_VARIABLE];

/**
 * Flags win over the environment, over `berth.yaml` (in the working directory, else in the home), over
 * the defaults.
 * @returns the frozen configuration, the file that was read, and sentences about probable mistakes
 * @throws ConfigError naming every mistake
 */
export function loadConfig(input: ConfigInput = {}): {
  config: Config;
  file: string | null;
  warnings: string[];
} {
  const { flags = {}, env = process.env, directory = process.cwd() } = input;
  const context = { directory, userHome: env.HOME || homedir() };
  const given = { flags, env, context };
  const named = input.file ?? (env[FILE_VARIABLE] || undefined);

  // The file may lie in the home, which is then known without it; a mistake in it is named below.
  const home = new SettingReader(given, null).read(SETTINGS.home, "home");
  const places = [directory, ...(home === undefined ? [] : [home])].map((place) => join(place, "berth.yaml"));
  const file = readConfigFile(named ? [resolve(directory, named)] : places, ALL_SETTINGS);

  const reader = new SettingReader(given, file);
  const config = Object.freeze({
    ...reader.readAll(SETTINGS),
    watchdog: Object.freeze(reader.readAll(WATCHDOG_SETTINGS, "watchdog")),
    sources: Object.freeze(reader.sources),
  });
  const problems = [
    ...(file?.problems ?? []).map((problem) => `${file?.path}: ${problem}`),
    ...reader.problems,
  ];
  if (named && !file) problems.unshift(`${named}: there is no such file`);
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, file: file?.path ?? null, warnings: unknownVariables(env) };
}

/** A variable of ours that is mistyped would otherwise be a setting without effect. */
function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = [...OTHER_VARIABLES, ...ALL_SETTINGS.map((setting) => setting.env)];
  return Object.keys(env)
    .filter((name) => name.startsWith("BERTH_") && !known.includes(name))
    .map((name) => `The environment variable ${name} is no setting${didYouMean(name, known)}`);
}

function didYouMean(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === null ? "" : `: did you mean ${meant}?`;
}
