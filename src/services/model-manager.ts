import type { Config } from "../config/config.ts";
import type { Engine } from "../engine/engine.ts";
import {
  alreadyDeployed,
  ApiError,
  beingUndeployed,
  modelNotFound,
  nothingDeployed,
  shuttingDown,
  undeployed,
} from "../errors.ts";
import type { Log } from "../log.ts";
import type {
  DeployAnswer,
  DeploymentState,
  DeploymentStatus,
  DeployRequest,
} from "../schemas/deployment.ts";
import type { TuningStore } from "../store/tuning-store.ts";
import { mappedMemory } from "../system/mapped-memory.ts";
import { type DeployPlan, type FileSource, planDeployment } from "./deploy-plan.ts";
import { Deployment, type Lease } from "./deployment.ts";
import type { EventBus } from "./events.ts";
import { LoadQueue } from "./load-queue.ts";
import { RestartPolicy } from "./restart-policy.ts";

export type { Lease };

export interface ModelManagerParts {
  engine: Engine;
  config: Config;
  events: EventBus;
  log: Log;
  files: FileSource;
  /**
   * Bytes of RAM a model may take now, cgroup limits respected.
   * @param mapped bytes that the kernel calls available although other models use them
   */
  memoryBudget: (mapped: number) => Promise<number>;
  /** CPUs that affinity and cgroup quota give. */
  threads: number;
  /** Measurements kept from one load of a model to the next. */
  tuning: Pick<TuningStore, "get" | "set">;
  /** Before the first restart of a crashed engine, in milliseconds; doubles with each. Default 500. */
  restartDelayMs?: number;
}

/** How long `POST /deploy` waits to hear whether the device it names is there. */
const DEVICE_ANSWER_MS = 5000;

const IN_USE: ReadonlySet<DeploymentState> = new Set(["downloading", "loading", "ready", "draining"]);

/** Deployments and their states: who uses what, who must go. */
export class ModelManager {
  readonly #parts: ModelManagerParts;
  /** Oldest first. */
  readonly #deployments = new Map<string, Deployment>();
  readonly #loads = new LoadQueue();
  #closing: Promise<void> | null = null;

  constructor(parts: ModelManagerParts) {
    this.#parts = parts;
  }

  /**
   * Starts a deployment; resolves at once with `loading`, or when ready with `wait: true`.
   * A failed deployment of the same name is replaced.
   * @throws ApiError `already_deployed`, `model_undeploying`, `invalid_value`, `device_unavailable`, and
   * with `wait` whatever the load throws
   */
  async deploy(request: DeployRequest): Promise<DeployAnswer> {
    const { config, files, threads, log } = this.#parts;
    this.#assertFree(request.model_name);
    const plan = await planDeployment(request, files, config, threads);
    // Somebody else may have deployed it meanwhile. From here to `#start` nothing is awaited.
    this.#assertFree(plan.name, plan.spec.path);
    const deployment = this.#start(plan);
    const { device, contextLength, parallel, gpuLayers } = plan.spec;
    log.info(
      { model: plan.name, device, context_length: contextLength, parallel, gpu_layers: gpuLayers },
      "deploying",
    );
    if (request.wait) {
      await deployment.ready;
      return toAnswer(deployment.status(), "ready", `The model '${plan.name}' is ready`);
    }
    if (device !== "auto" && device !== "cpu") await this.#deviceTaken(deployment);
    const message = `The model '${plan.name}' is being loaded: GET /status shows its progress`;
    return toAnswer(deployment.status(), "loading", message);
  }

  /**
   * Lets running requests finish (bounded by the drain time) and gives all memory back.
   * Without a name: the current model, else the newest one that is loading, failed or going already.
   * @returns the name of the model that went
   * @throws ApiError `no_model_deployed` or `model_not_found`
   */
  async undeploy(name?: string): Promise<string> {
    const deployment = name === undefined ? this.#toUndeploy() : this.#deployments.get(name);
    if (!deployment) throw name === undefined ? nothingDeployed() : modelNotFound(name);
    this.#parts.log.info({ model: deployment.name }, "undeploying");
    await this.#remove(deployment, this.#parts.config.drainMs, undeployed(deployment.name));
    return deployment.name;
  }

  /**
   * Takes a ready model by name, or the current one.
   * @throws ApiError `no_model_deployed` (400), `model_not_found` (404), `model_loading` (503),
   * `model_undeploying` (503) or why it failed (503)
   */
  acquire(name?: string): Lease {
    if (this.#closing) throw shuttingDown();
    if (name === undefined) return (this.#current() ?? this.#notReady()).acquire();
    const deployment = this.#deployments.get(name);
    if (!deployment) throw modelNotFound(name);
    return deployment.acquire();
  }

  /** Every deployment, oldest first. */
  list(): DeploymentStatus[] {
    return Array.from(this.#deployments.values(), (deployment) => deployment.status());
  }

  /** The most recently deployed one that is ready. */
  current(): DeploymentStatus | null {
    return this.#current()?.status() ?? null;
  }

  /**
   * Ends everything: drains up to `graceMs`, then kills; resolves when no engine process is left.
   * A second call shortens the time when its own is shorter.
   */
  async close(graceMs: number): Promise<void> {
    const all = Array.from(this.#deployments.values(), (deployment) =>
      this.#remove(deployment, graceMs, shuttingDown()),
    );
    const closing = Promise.all([this.#closing, ...all]).then(() => {});
    this.#closing = closing;
    await closing;
  }

  #start(plan: DeployPlan): Deployment {
    const { engine, config, events, log, memoryBudget, tuning, restartDelayMs = 500 } = this.#parts;
    const key = plan.identity && {
      file: plan.identity,
      device: plan.spec.device,
      threads: plan.spec.threads,
    };
    const deployment = new Deployment(plan, {
      engine,
      memoryBudget: async () => memoryBudget(await this.#mapped()),
      log: log.child({ model: plan.name }),
      loads: this.#loads,
      restarts: new RestartPolicy(config.watchdog, restartDelayMs),
      tuning: {
        get: () => (key ? tuning.get(key) : null),
        set: (measured) => key && tuning.set(key, measured),
      },
      onChange: (changed) => events.emit("deployment", changed.status()),
    });
    // Deleted first, so that a failed one that is replaced leaves its place among the oldest.
    this.#deployments.delete(plan.name);
    this.#deployments.set(plan.name, deployment);
    return deployment;
  }

  /** Of all engines, in bytes. */
  #mapped(): Promise<number> {
    const pids = Array.from(this.#deployments.values(), ({ pid }) => pid);
    return mappedMemory(pids.filter((pid) => pid !== null));
  }

  async #remove(deployment: Deployment, drainMs: number, reason: ApiError): Promise<void> {
    await deployment.stop(drainMs, reason);
    if (this.#deployments.get(deployment.name) === deployment) this.#deployments.delete(deployment.name);
  }

  /** Answers with the engine's refusal of the device, if it comes soon; then nothing was deployed. */
  async #deviceTaken(deployment: Deployment): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, DEVICE_ANSWER_MS);
    try {
      await Promise.race([deployment.started, patience.promise]);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "device_unavailable")) return;
      await this.#remove(deployment, 0, error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws ApiError when the name is taken, or the file is in use under another name */
  #assertFree(name: string, path?: string): void {
    if (this.#closing) throw shuttingDown();
    const taken = Array.from(this.#deployments.values()).find(
      (deployment) => IN_USE.has(deployment.state) && (deployment.name === name || deployment.path === path),
    );
    if (taken?.state === "draining") throw beingUndeployed(taken.name);
    if (taken) throw alreadyDeployed(taken.name);
  }

  #current(): Deployment | undefined {
    return this.#newest((state) => state === "ready");
  }

  /** The one whose state tells best why none is ready. @throws ApiError `no_model_deployed` */
  #notReady(): Deployment {
    const deployment =
      this.#newest((state) => state === "loading") ??
      this.#newest((state) => state === "failed") ??
      this.#newest((state) => state === "draining");
    if (!deployment) throw nothingDeployed();
    return deployment;
  }

  #toUndeploy(): Deployment | undefined {
    return (
      this.#current() ??
      this.#newest((state) => state === "loading" || state === "failed") ??
      this.#newest((state) => state === "draining")
    );
  }

  #newest(wanted: (state: DeploymentState) => boolean): Deployment | undefined {
    return Array.from(this.#deployments.values()).findLast(({ state }) => wanted(state));
  }
}

function toAnswer(
  { model_name, device, notes }: DeploymentStatus,
  status: DeployAnswer["status"],
  message: string,
): DeployAnswer {
  return { message, model_name, device, status, ...(notes.length > 0 && { warnings: notes }) };
}
