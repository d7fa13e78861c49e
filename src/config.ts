import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { readConfigFile } from "./config/file.ts";
import { nearest } from "./config/nearest.ts";
import { SettingReader } from "./config/setting-reader.ts";
import { ALL_SETTINGS, SETTINGS, WATCHDOG_SETTINGS } from "./config/settings.ts";
import type { Device } from "./schemas/device.ts";

/** Everything that can be set, validated and frozen. Flags win over environment, berth.yaml and defaults. */
export interface Config {
  /** API_HOST, --host */
  host: string;
  /** API_PORT, --port; 0 takes any free port */
  port: number;
  /** LOG_LEVEL, --log-level */
  logLevel: "trace" | "debug" | "info" | "warn" | "error";
  /** BERTH_LOG_FORMAT: `auto` is pretty on a terminal and JSON elsewhere */
  logFormat: "auto" | "json" | "pretty";
  /** BERTH_HOME: models, database and downloads live below it */
  home: string;
  /** BERTH_MODELS_DIR, default `<home>/models`: GGUF paths in POST /deploy are below it */
  modelsDir: string;
  /** BERTH_MODEL, --model: deployed at start; `null` (the word `none`) deploys nothing */
  model: string | null;
  /** BERTH_ENGINE: which engine package set-up installs */
  engine: "auto" | "cpu" | "cuda" | "vulkan";
  /** BERTH_DEVICE: for deployments that ask for none */
  device: Device;
  /** BERTH_CONTEXT_LENGTH: tokens per slot, `null` = trained length up to 8192 */
  contextLength: number | null;
  /** BERTH_PARALLEL: slots per model */
  parallel: number;
  /** BERTH_GPU_LAYERS: `null` = as many as fit */
  gpuLayers: number | null;
  /** BERTH_THREADS: upper bound; `null` = the CPUs that affinity and cgroup quota give */
  threads: number | null;
  /** BERTH_QUEUE_LIMIT: requests that may wait per model */
  queueLimit: number;
  /** BERTH_PAUSE_MS: longest pause a prompt may put into other streams */
  pauseMs: number;
  /** BERTH_DRAIN_MS: how long DELETE /undeploy lets running requests finish */
  drainMs: number;
  /** BERTH_GRACE_MS: how long SIGTERM lets running requests finish */
  graceMs: number;
  /** BERTH_BODY_LIMIT: largest request body in bytes */
  bodyLimit: number;
  /** BERTH_ALLOWED_HOSTS: Host headers served besides loopback; `["*"]` serves all */
  allowedHosts: string[];
  /** BERTH_ALLOWED_ORIGINS: browser origins served besides our own page; `["*"]` serves all */
  allowedOrigins: string[];
  watchdog: {
    /** BERTH_HEARTBEAT_TIMEOUT_MS: an engine silent for longer hangs */
    heartbeatTimeoutMs: number;
    /** BERTH_STEP_FACTOR: a step that takes this many times what it should hangs … */
    stepFactor: number;
    /** BERTH_STEP_FLOOR_MS: … but never before this */
    stepFloorMs: number;
    /** BERTH_LOAD_STALL_MS: a load without progress for longer hangs */
    loadStallMs: number;
    /** BERTH_RESTARTS: restarts of a crashed engine … */
    restarts: number;
    /** BERTH_RESTART_WINDOW_MS: … within this time, then the deployment has failed */
    restartWindowMs: number;
  };
  /** Where each value came from: `--port`, `API_PORT`, the path of a file, or `default`. */
  sources?: Readonly<Record<string, string>>;
}

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

/** Names the file to read; the one variable of ours that is no setting. */
export const FILE_VARIABLE = "BERTH_CONFIG";

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
  const known = [FILE_VARIABLE, ...ALL_SETTINGS.map((setting) => setting.env)];
  return Object.keys(env)
    .filter((name) => name.startsWith("BERTH_") && !known.includes(name))
    .map((name) => `The environment variable ${name} is no setting${didYouMean(name, known)}`);
}

function didYouMean(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === null ? "" : `: did you mean ${meant}?`;
}
