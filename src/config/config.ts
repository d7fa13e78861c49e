import type { Device } from "../schemas/device.ts";

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
  /** BERTH_MODEL_DIRS: other folders whose GGUF files are used where they lie */
  modelDirs: string[];
  /** BERTH_ALIASES: names of one's own for models */
  aliases: Record<string, string>;
  /** HF_ENDPOINT: the hub that names stand for, without a slash at its end */
  hubEndpoint: string;
  /** HF_HOME: token and cache of programs that use the hub; `null` = where those programs have them */
  hubHome: string | null;
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
  /** BERTH_LOAD_ON_REQUEST: a request that names a model on disk loads it */
  loadOnRequest: boolean;
  /** BERTH_LOAD_WAIT_MS: how long a request waits for its model to be loaded */
  loadWaitMs: number;
  /** BERTH_ON_DEMAND_TTL_MS: how long a model that a request loaded may lie idle; `null` is for ever */
  onDemandTtlMs: number | null;
  /** BERTH_RESTORE: deploy at start what was deployed when the server ended */
  restore: boolean;
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
