import type { Config } from "./config.ts";
import {
  address,
  bytes,
  choice,
  decimal,
  duration,
  flag,
  integer,
  type Kind,
  list,
  mapping,
  path,
  paths,
  text,
  unless,
} from "./kinds.ts";

/** One thing that can be set. Its flag and its key in `berth.yaml` follow from its name. */
export interface Setting<T> {
  /** The environment variable. */
  env: string;
  kind: Kind<T>;
  /** As a person would write it; `<home>` stands for the directory that the setting `home` gives. */
  default: string;
  /** For `--help` and the README. */
  description: string;
}

/** A setting for every key of `T`. */
export type Table<T> = { readonly [K in keyof T]: Setting<T[K]> };

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;

/** Everything that can be set, in the order of the documentation. */
export const SETTINGS: Table<Omit<Config, "watchdog" | "sources">> = {
  host: {
    env: "API_HOST",
    kind: text("<address>"),
    default: "127.0.0.1",
    description: "Address to listen on; `0.0.0.0` is every network this machine is in",
  },
  port: {
    env: "API_PORT",
    kind: integer({ min: 0, max: 65_535 }, "<port>"),
    default: "8000",
    description: "Port to listen on; 0 takes any free one",
  },
  logLevel: {
    env: "LOG_LEVEL",
    kind: choice(LOG_LEVELS, { warning: "warn", fatal: "error", critical: "error" }),
    default: "info",
    description: "The least important lines that are logged",
  },
  logFormat: {
    env: "BERTH_LOG_FORMAT",
    kind: choice(["auto", "json", "pretty"]),
    default: "auto",
    description: "`auto` is readable lines on a terminal and JSON elsewhere",
  },
  home: {
    env: "BERTH_HOME",
    kind: path(),
    default: "~/.berth",
    description: "Models, database and downloads live below it",
  },
  modelsDir: {
    env: "BERTH_MODELS_DIR",
    kind: path(),
    default: "<home>/models",
    description: "GGUF files that can be deployed lie below it",
  },
  modelDirs: {
    env: "BERTH_MODEL_DIRS",
    kind: paths(),
    default: "",
    description: "More folders of GGUF files, between commas; they are used where they lie",
  },
  aliases: {
    env: "BERTH_ALIASES",
    kind: mapping("<name=model>"),
    default: "",
    description: "Names of your own for models, `name=model` between commas; a mapping in `berth.yaml`",
  },
  hubEndpoint: {
    env: "HF_ENDPOINT",
    kind: address(),
    default: "https://huggingface.co",
    description: "The hub that names such as `user/repo` are looked up on",
  },
  hubHome: {
    env: "HF_HOME",
    kind: unless("auto", path()),
    default: "auto",
    description:
      "Token and cache that programs share; GGUF files there are used in place. `auto` is `~/.cache/huggingface`",
  },
  model: {
    env: "BERTH_MODEL",
    kind: unless("none", text("<name>")),
    default: "guide",
    description: "Model deployed at start; `none` is none but those of the last run (`BERTH_RESTORE`)",
  },
  engine: {
    env: "BERTH_ENGINE",
    kind: choice(["auto", "cpu", "cuda", "vulkan"]),
    default: "auto",
    description:
      "Engine package that set-up installs; `auto` is what `berth setup` chose, else CUDA where an NVIDIA driver is, else CPU",
  },
  device: {
    env: "BERTH_DEVICE",
    kind: choice(["auto", "cpu", "cuda", "vulkan", "metal"], { mps: "metal" }),
    default: "auto",
    description: "Device of deployments that ask for none",
  },
  contextLength: {
    env: "BERTH_CONTEXT_LENGTH",
    kind: unless("auto", integer({ min: 1 }, "<tokens>")),
    default: "auto",
    description: "Tokens per slot; `auto` is the trained length up to 8192, reduced to what fits",
  },
  parallel: {
    env: "BERTH_PARALLEL",
    kind: integer({ min: 1, max: 256 }, "<slots>"),
    default: "4",
    description: "Slots per model: how many requests are decoded together, reduced to what fits",
  },
  gpuLayers: {
    env: "BERTH_GPU_LAYERS",
    kind: unless("auto", integer({ min: 0 }, "<layers>")),
    default: "auto",
    description: "Layers on the GPU; `auto` is as many as fit",
  },
  threads: {
    env: "BERTH_THREADS",
    kind: unless("auto", integer({ min: 1, max: 1024 }, "<n>")),
    default: "auto",
    description: "Most threads an engine uses; never above the CPUs that affinity and cgroup quota give",
  },
  queueLimit: {
    env: "BERTH_QUEUE_LIMIT",
    kind: integer({ min: 0 }, "<requests>"),
    default: "64",
    description: "Requests that may wait per model; one more is answered with 429",
  },
  pauseMs: {
    env: "BERTH_PAUSE_MS",
    kind: duration({ min: 10 }),
    default: "500ms",
    description: "Longest pause that reading a prompt may put into other streams",
  },
  loadOnRequest: {
    env: "BERTH_LOAD_ON_REQUEST",
    kind: flag(),
    default: "yes",
    description: "Whether a request that names a model on disk loads it",
  },
  loadWaitMs: {
    env: "BERTH_LOAD_WAIT_MS",
    kind: duration({ min: 0 }),
    default: "5min",
    description: "How long a request waits for its model to be loaded",
  },
  onDemandTtlMs: {
    env: "BERTH_ON_DEMAND_TTL_MS",
    kind: unless("never", duration({ min: 0 })),
    default: "30min",
    description: "How long a model that a request loaded may lie idle before it is unloaded, or `never`",
  },
  restore: {
    env: "BERTH_RESTORE",
    kind: flag(),
    default: "yes",
    description: "Whether what was deployed when the server ended is deployed again when it starts",
  },
  drainMs: {
    env: "BERTH_DRAIN_MS",
    kind: duration({ min: 0 }),
    default: "30s",
    description: "How long an undeployed model may finish its running requests",
  },
  graceMs: {
    env: "BERTH_GRACE_MS",
    kind: duration({ min: 0 }),
    default: "30s",
    description: "How long running requests may finish when the server is told to stop",
  },
  bodyLimit: {
    env: "BERTH_BODY_LIMIT",
    kind: bytes({ min: 1024 }),
    default: "16MB",
    description: "Largest request body",
  },
  allowedHosts: {
    env: "BERTH_ALLOWED_HOSTS",
    kind: list("<names>"),
    default: "",
    description: "Host headers served besides loopback, between commas; `*` is any",
  },
  allowedOrigins: {
    env: "BERTH_ALLOWED_ORIGINS",
    kind: list("<origins>"),
    default: "",
    description:
      "Browser origins served besides the server's own and, on loopback, this machine's; between commas; `*` is any",
  },
};

/** When an engine process counts as hung and how often it is started again. */
export const WATCHDOG_SETTINGS: Table<Config["watchdog"]> = {
  heartbeatTimeoutMs: {
    env: "BERTH_HEARTBEAT_TIMEOUT_MS",
    kind: duration({ min: 1000 }),
    default: "20s",
    description: "An engine that is silent for longer hangs",
  },
  stepFactor: {
    env: "BERTH_STEP_FACTOR",
    kind: decimal({ min: 2 }, "<factor>"),
    default: "20",
    description: "A step that takes this many times what it should at the model's measured speed hangs …",
  },
  stepFloorMs: {
    env: "BERTH_STEP_FLOOR_MS",
    kind: duration({ min: 100 }),
    default: "30s",
    description: "… but never before this",
  },
  loadStallMs: {
    env: "BERTH_LOAD_STALL_MS",
    kind: duration({ min: 1000 }),
    default: "2min",
    description: "A load without progress for longer hangs",
  },
  restarts: {
    env: "BERTH_RESTARTS",
    kind: integer({ min: 0 }, "<n>"),
    default: "5",
    description: "How often a crashed engine is started again …",
  },
  restartWindowMs: {
    env: "BERTH_RESTART_WINDOW_MS",
    kind: duration({ min: 1000 }),
    default: "10min",
    description: "… within this time, then the deployment has failed",
  },
};

/** A setting with all its names. */
export interface NamedSetting extends Setting<unknown> {
  /** In `Config`, e.g. `watchdog.stepFactor`. */
  key: string;
  /** Long option without dashes, e.g. `step-factor`. */
  flag: string;
  /** In `berth.yaml`, e.g. `watchdog.step_factor`. */
  yaml: string;
}

/** Every setting, watchdog last. */
export const ALL_SETTINGS: readonly NamedSetting[] = [
  ...named(SETTINGS, ""),
  ...named(WATCHDOG_SETTINGS, "watchdog."),
];

/** `watchdog.stepFactor` → `step-factor`. */
export function flagOf(key: string): string {
  return separated(key.slice(key.indexOf(".") + 1), "-");
}

/** `watchdog.stepFactor` → `watchdog.step_factor`. */
export function yamlKeyOf(key: string): string {
  return separated(key, "_");
}

function named(table: Readonly<Record<string, Setting<unknown>>>, prefix: string): NamedSetting[] {
  return Object.entries(table).map(([name, setting]) => {
    const key = prefix + name;
    return { ...setting, key, flag: flagOf(key), yaml: yamlKeyOf(key) };
  });
}

function separated(name: string, by: string): string {
  return name.replace(/[A-Z]/g, (letter) => by + letter.toLowerCase());
}
