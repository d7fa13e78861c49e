import type { Config } from "../config/config.ts";
import type { Engine } from "../engine/engine.ts";
import {
  aliasTaken,
  alreadyDeployed,
  ApiError,
  beingUndeployed,
  modelNotFound,
  nothingDeployed,
  shuttingDown,
  undeployed,
} from "../errors.ts";
import type { Log } from "../log.ts";
import type { DeployAnswer, DeploymentStatus, DeployRequest } from "../schemas/deployment.ts";
import type { DeploymentStore } from "../store/deployment-store.ts";
import type { TuningStore } from "../store/tuning-store.ts";
import { mappedMemory } from "../system/mapped-memory.ts";
import { type DeployPlan, type FileSource, planDeployment } from "./deploy-plan.ts";
import { Deployment } from "./deployment.ts";
import { Deployments } from "./deployments.ts";
import type { Lease } from "./leases.ts";
import type { EventBus } from "./events.ts";
import { MemoryKeeper, type MemoryKeeperParts } from "./memory-keeper.ts";
import { RestartPolicy } from "./restart-policy.ts";

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
  /** What is to be deployed again at the next start. */
  store: Pick<DeploymentStore, "list" | "save" | "remove">;
  /** Whether a model fits before it is loaded. Default: nobody can tell, and no model goes for another. */
  judge?: MemoryKeeperParts["judge"];
  /** Before the first restart of a crashed engine, in milliseconds; doubles with each. Default 500. */
  restartDelayMs?: number;
}

/** How long `POST /deploy` waits to hear whether the device it names is there. */
const DEVICE_ANSWER_MS = 5000;

/** Deployments and their states: who uses what, who must go. */
export class ModelManager {
  readonly #parts: ModelManagerParts;
  readonly #deployments = new Deployments();
  readonly #memory: MemoryKeeper;
  #closing: Promise<void> | null = null;
  #hasDeployed = false;
  #restoring: PromiseWithResolvers<void> | null = null;

  constructor(parts: ModelManagerParts) {
    this.#parts = parts;
    const { judge = async () => null, config, log } = parts;
    this.#memory = new MemoryKeeper({
      deployments: this.#deployments,
      judge,
      waitMs: config.loadWaitMs,
      log,
    });
  }

  /**
   * Starts a deployment; resolves at once with `loading`, or when ready with `wait: true`.
   * A failed deployment of the same name is replaced.
   * @param remember whether the next start of the server deploys it again
   * @throws ApiError `already_deployed`, `alias_taken`, `model_undeploying`, `invalid_value`, `device_unavailable`, and
   * with `wait` whatever the load throws
   */
  async deploy(request: DeployRequest, { remember = true } = {}): Promise<DeployAnswer> {
    const { config, files, threads, log, store } = this.#parts;
    this.assertFree(request.model_name);
    const plan = await planDeployment(request, files, config, { threads });
    await this.#makeWay(plan);
    // Somebody else may have deployed it meanwhile. From here to `#start` nothing is awaited.
    const adopted = this.#adopt(plan);
    if (!adopted) this.assertFree(plan.name, plan);
    const deployment = adopted ?? this.#start(plan);
    if (remember) store.save({ ...request, model_name: plan.name });
    if (adopted?.state === "ready") {
      log.info({ model: plan.name }, "deployed as a request has loaded it");
      return toAnswer(adopted.status(), "ready", `The model '${plan.name}' is ready`);
    }
    const { device, contextLength, parallel, gpuLayers } = plan.spec;
    log.info(
      { model: plan.name, device, context_length: contextLength, parallel, gpu_layers: gpuLayers },
      "deploying",
    );
    if (request.wait) {
      await deployment.milestones.ready;
      return toAnswer(deployment.status(), "ready", `The model '${plan.name}' is ready`);
    }
    if (plan.fetch) {
      const message = `The model '${plan.name}' is being downloaded: GET /status shows its progress`;
      return toAnswer(deployment.status(), "downloading", message);
    }
    if (device !== "auto" && device !== "cpu") await this.#deviceTaken(deployment);
    const message = `The model '${plan.name}' is being loaded: GET /status shows its progress`;
    return toAnswer(deployment.status(), "loading", message);
  }

  /**
   * Whether a deployment of this name may begin.
   * @param plan `null` as long as it is not known whether what has the name makes way for it
   * @throws ApiError when the name is taken, or the file is in use under another name
   */
  assertFree(name: string, plan: DeployPlan | null = null): void {
    if (this.#closing) throw shuttingDown();
    const users = this.#deployments.using(name, plan ?? undefined);
    const taken = users.find((user) => user.name !== name) ?? users[0];
    const mayMakeWay = taken?.onDemand || (taken?.state === "unloaded" && taken.name === name);
    if (mayMakeWay && plan === null && taken?.state !== "draining") return;
    if (taken?.state === "draining") throw beingUndeployed(taken.name).namedBy("model_name");
    if (!taken) return;
    const isItself = taken.name === name || taken.spec.path === plan?.spec.path;
    const alias = isItself
      ? undefined
      : plan?.aliases.find((one) => [taken.name, ...taken.aliases].includes(one));
    throw alias === undefined ? alreadyDeployed(taken.name) : aliasTaken(alias, taken.name);
  }

  /** Whether anything was deployed since the server started, whatever became of it. */
  get hasDeployed(): boolean {
    return this.#hasDeployed;
  }

  /** Whether `restore` will deploy a model of this name. */
  remembers(name: string): boolean {
    return this.#parts.store.list().some((request) => request.model_name === name);
  }

  /** Requests for what is not deployed wait from now on for `restore`, which has to follow. */
  expectRestore(): void {
    this.#restoring ??= Promise.withResolvers();
  }

  /** Ends when all that was deployed when the server ended has begun to load; `null` unless that is to come. */
  get restoring(): Promise<void> | null {
    return this.#restoring?.promise ?? null;
  }

  /**
   * Deploys what was deployed when the server ended; resolves when all of them have begun to load.
   * @returns why some were refused, by name, which is in the log, too
   */
  async restore(): Promise<ReadonlyMap<string, unknown>> {
    this.expectRestore();
    try {
      return await this.#restore();
    } finally {
      this.#restoring?.resolve();
      this.#restoring = null;
    }
  }

  async #restore(): Promise<ReadonlyMap<string, unknown>> {
    const refused = new Map<string, unknown>();
    for (const request of this.#parts.store.list()) {
      try {
        await this.deploy(request, { remember: false });
      } catch (error) {
        this.#parts.log.warn({ err: error, model: request.model_name }, "not deployed again");
        refused.set(request.model_name, error);
      }
    }
    return refused;
  }

  /**
   * Resolves when the deployment of this name is ready.
   * @throws ApiError `model_not_found`, or why it could not be loaded
   */
  async whenReady(name: string): Promise<void> {
    const deployment = this.#deployments.find(name);
    if (!deployment) throw modelNotFound(name);
    await deployment.milestones.ready;
  }

  /**
   * Starts a deployment because a request named it, unless its file is in use already.
   * @returns the name of the deployment that has it
   * @throws ApiError `model_not_found` when there is no such file on this machine
   */
  async deployOnDemand(name: string): Promise<string> {
    const { config, files, threads, log } = this.#parts;
    const plan = await planDeployment({ model_name: name }, files, config, { threads, onDemand: true });
    if (this.#closing) throw shuttingDown();
    // Others may have asked for it meanwhile, perhaps by another name.
    const [same] = this.#deployments.using(plan.name, plan);
    if (same) return same.name;
    this.#start(plan);
    log.info({ model: plan.name }, "loading for a request");
    return plan.name;
  }

  /**
   * Lets running requests finish (bounded by the drain time) and gives all memory back.
   * Without a name: the current model, else the newest one that is loading, failed or going already.
   * @returns the name of the model that went
   * @throws ApiError `no_model_deployed` or `model_not_found`
   */
  async undeploy(name?: string): Promise<string> {
    const deployment = name === undefined ? this.#deployments.foremost() : this.#deployments.find(name);
    if (!deployment) {
      if (name === undefined) throw nothingDeployed();
      throw modelNotFound(name, "GET /status lists what is").namedBy("model_name");
    }
    this.#parts.log.info({ model: deployment.name }, "undeploying");
    this.#parts.store.remove(deployment.name);
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
    if (name === undefined) {
      const deployment =
        this.#deployments.current() ?? this.#deployments.resting() ?? this.#deployments.foremost();
      if (!deployment) throw nothingDeployed();
      return deployment.acquire();
    }
    const deployment = this.#deployments.find(name);
    // What failed for a request long ago is as good as what was never asked for.
    if (!deployment || deployment.retriable) throw modelNotFound(name);
    return deployment.acquire();
  }

  /** Whether there is a deployment of this name, or any at all for requests that name none; in whatever state. */
  has(name?: string): boolean {
    return (name === undefined ? this.#deployments.foremost() : this.#deployments.find(name)) !== undefined;
  }

  /** The name of the model that takes requests without a name once it is loaded again; none while another does. */
  resting(): string | undefined {
    return this.#deployments.current() ? undefined : this.#deployments.resting()?.name;
  }

  /** How many requests a deployment is to answer at once; `undefined` when there is none of this name. */
  slotsOf(name: string): number | undefined {
    return this.#deployments.find(name)?.spec.parallel;
  }

  /** Every deployment, oldest first. */
  list(): DeploymentStatus[] {
    return Array.from(this.#deployments, (deployment) => deployment.status());
  }

  /** The name of the deployment whose model is one of these files; `null` where there is none. */
  deployedAs(paths: readonly string[]): string | null {
    return this.#deployments.ofModel(paths)?.name ?? null;
  }

  /** The name of the deployment that has one of these files, also beside its model; `null` when nothing does. */
  uses(paths: readonly string[]): string | null {
    return this.#deployments.usingFile(paths)?.name ?? null;
  }

  /** The most recently deployed one that is ready. */
  current(): DeploymentStatus | null {
    return this.#deployments.current()?.status() ?? null;
  }

  /**
   * Ends everything: drains up to `graceMs`, then kills; resolves when no engine process is left.
   * A second call shortens the time when its own is shorter.
   */
  async close(graceMs: number): Promise<void> {
    const all = Array.from(this.#deployments, (deployment) =>
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
      withRoom: (...newcomer) => this.#memory.withRoom(...newcomer),
      restarts: new RestartPolicy(config.watchdog, restartDelayMs),
      tuning: {
        get: () => (key ? tuning.get(key) : null),
        set: (measured) => key && tuning.set(key, measured),
      },
      onChange: (changed) => events.emit("deployment", changed.status()),
    });
    this.#deployments.add(deployment);
    this.#hasDeployed = true;
    return deployment;
  }

  /** Of all engines, in bytes. */
  #mapped(): Promise<number> {
    const pids = Array.from(this.#deployments, ({ pid }) => pid);
    return mappedMemory(pids.filter((pid) => pid !== null));
  }

  async #remove(deployment: Deployment, drainMs: number, reason: ApiError): Promise<void> {
    await deployment.stop(drainMs, reason);
    this.#deployments.remove(deployment);
  }

  /** Answers with the engine's refusal of the device, if it comes soon; then nothing was deployed. */
  async #deviceTaken(deployment: Deployment): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, DEVICE_ANSWER_MS);
    try {
      await Promise.race([deployment.milestones.started, patience.promise]);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "device_unavailable")) return;
      this.#parts.store.remove(deployment.name);
      await this.#remove(deployment, 0, error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends what has a name or the file that `plan` asks for, where all of them give way: a refusal changes nothing. */
  async #makeWay(plan: DeployPlan): Promise<void> {
    const users = this.#deployments.using(plan.name, plan);
    if (!users.every((user) => user.makesWayFor(plan))) return;
    await Promise.all(users.map((user) => this.#remove(user, 0, undeployed(user.name))));
  }

  /** The deployment that a request made and that is just what `plan` asks for, which it is from now on. */
  #adopt(plan: DeployPlan): Deployment | null {
    const [loaded, ...others] = this.#deployments.using(plan.name, plan);
    if (this.#closing || others.length > 0 || !loaded?.adopt(plan)) return null;
    // It counts as the newest.
    this.#deployments.add(loaded);
    return loaded;
  }
}

function toAnswer(
  { model_name, device, notes }: DeploymentStatus,
  status: DeployAnswer["status"],
  message: string,
): DeployAnswer {
  return { message, model_name, device, status, ...(notes.length > 0 && { warnings: notes }) };
}
