import { setTimeout as sleep } from "node:timers/promises";
import type { Engine, LoadedModel, LoadHooks, ModelInfo, Tuning } from "../engine/engine.ts";
import { ApiError, beingUndeployed, deploymentFailed, modelLoading } from "../errors.ts";
import type { Log } from "../log.ts";
import type { DeploymentState, DeploymentStatus } from "../schemas/deployment.ts";
import type { DeployPlan } from "./deploy-plan.ts";
import { toDeploymentStatus } from "./deployment-status.ts";
import { Drain } from "./drain.ts";
import type { LoadQueue } from "./load-queue.ts";
import type { RestartPolicy } from "./restart-policy.ts";

/** A model in use; it is not unloaded before `release()`, unless the drain time is over. */
export interface Lease {
  /** The name to echo in answers. */
  readonly name: string;
  readonly model: LoadedModel;
  /** Must be called when the request is over, in a `finally`; once counts. */
  release(): void;
}

export interface DeploymentParts {
  engine: Engine;
  log: Log;
  loads: LoadQueue;
  restarts: RestartPolicy;
  /** Bytes of RAM a model may take now. */
  memoryBudget: () => Promise<number>;
  /** What is known of this model on this machine, and where to keep more. */
  tuning: { get(): Tuning | null; set(tuning: Tuning): void };
  /** Called after every change of state, and now and then while it loads. */
  onChange: (deployment: Deployment) => void;
}

/** Why an engine is not there any more, or never was. */
interface Loss {
  error: Error;
  /** Starting again would fail for the same reason. */
  final: boolean;
}

const PROGRESS_EVERY_MS = 200;

/**
 * One deployed model from its first load to its end, through crashes and restarts. `#live` makes
 * every transition but the one to `draining`; callers only ask, so they can not race it.
 */
export class Deployment {
  readonly name: string;
  readonly #plan: DeployPlan;
  readonly #parts: DeploymentParts;
  readonly #created = Date.now();
  /** Aborts when it is to end: a load, its place in the queue and the wait before a restart end too. */
  readonly #stop = new AbortController();
  readonly #drain = new Drain();
  readonly #started = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<ModelInfo>();
  readonly #end: Promise<void>;
  #state: DeploymentState = "loading";
  #progress = 0;
  #progressShown = 0;
  #model: LoadedModel | null = null;
  #info: ModelInfo | null = null;
  #lastUsed: number | null = null;
  #error: string | null = null;

  /** Starts to load as soon as the caller has returned to the event loop. */
  constructor(plan: DeployPlan, parts: DeploymentParts) {
    this.name = plan.name;
    this.#plan = plan;
    this.#parts = parts;
    // Whoever does not wait for these learns of a failure from the state.
    this.#started.promise.catch(() => {});
    this.#ready.promise.catch(() => {});
    this.#end = this.#live();
  }

  /** Of the model's file. */
  get path(): string {
    return this.#plan.spec.path;
  }

  /** Of the engine process, while there is one with a model in memory. */
  get pid(): number | null {
    return this.#model?.info.pid ?? null;
  }

  get state(): DeploymentState {
    return this.#state;
  }

  /** Resolves when the engine has begun to load on the device asked for; rejects with why it will not. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Resolves when the model is ready for the first time; rejects with why it will not be. */
  get ready(): Promise<ModelInfo> {
    return this.#ready.promise;
  }

  /** @throws ApiError that tells why the model can not be used now */
  acquire(): Lease {
    if (this.#state === "loading") throw modelLoading(this.name);
    if (this.#state === "failed") throw deploymentFailed(this.name, this.#error ?? "no reason is known");
    if (this.#state !== "ready" || !this.#model) throw beingUndeployed(this.name);
    this.#lastUsed = Date.now();
    const release = this.#drain.enter();
    return {
      name: this.name,
      model: this.#model,
      release: () => {
        this.#lastUsed = Date.now();
        release();
      },
    };
  }

  /**
   * Ends the deployment: a load is cancelled, a ready model finishes its requests for at most
   * `drainMs` milliseconds; what is cut short fails with `reason`. When called again the earlier
   * deadline counts.
   * @returns when its engine is gone
   */
  async stop(drainMs: number, reason: ApiError): Promise<void> {
    this.#stop.abort(reason);
    if (this.#state === "ready" || this.#state === "loading") this.#become("draining");
    this.#drain.within(drainMs);
    await this.#end;
    if (this.#state !== "stopped") this.#become("stopped");
  }

  /** As `/status` and `/events` show it. */
  status(): DeploymentStatus {
    return toDeploymentStatus({
      name: this.name,
      state: this.#state,
      device: this.#plan.spec.device,
      progress: this.#progress,
      info: this.#info,
      activity: this.#model?.activity ?? null,
      created: this.#created,
      lastUsed: this.#lastUsed,
      restarts: this.#parts.restarts.count,
      warnings: this.#plan.warnings,
      error: this.#error,
    });
  }

  /** From one engine to the next, until told to stop or until there is no sense in another one. */
  async #live(): Promise<void> {
    const { signal } = this.#stop;
    // The first event must not come before the caller knows of this deployment.
    await Promise.resolve();
    if (!signal.aborted) this.#become("loading");
    for (;;) {
      const loss = await this.#runEngine();
      this.#model = null;
      if (signal.aborted) break;
      const delay = loss.final ? null : this.#parts.restarts.next(performance.now());
      this.#error = loss.error.message;
      if (delay === null) return this.#fail(loss);
      this.#parts.log.warn({ reason: this.#error, delay_ms: delay }, "engine lost, starting it again");
      this.#progress = 0;
      this.#become("loading");
      await sleep(delay, undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
    }
    this.#started.reject(signal.reason);
    this.#ready.reject(signal.reason);
    this.#become("stopped");
  }

  /** One engine from its load to its end. */
  async #runEngine(): Promise<Loss> {
    const { signal } = this.#stop;
    let model: LoadedModel;
    try {
      if (this.#plan.fault) throw this.#plan.fault;
      model = await this.#parts.loads.run(signal, () => this.#load());
    } catch (error) {
      // A file or a device that was refused stays refused; a crash may have been bad luck.
      const refused = !(error instanceof ApiError && error.code === "engine_lost");
      return { error: toError(error), final: refused && this.#info === null };
    }
    if (!signal.aborted) this.#serve(model);
    const reason = await Promise.race([model.gone, this.#drain.done]);
    if (reason !== "drained") return { error: new Error(reason ?? "it ended by itself"), final: false };
    await model.unload(signal.reason as Error).catch((error: unknown) => {
      this.#parts.log.error({ err: error }, "engine did not unload cleanly");
    });
    return { error: signal.reason as Error, final: true };
  }

  async #load(): Promise<LoadedModel> {
    const { engine, log, memoryBudget, tuning } = this.#parts;
    const hooks: LoadHooks = {
      signal: this.#stop.signal,
      onProgress: (fraction) => this.#advance(fraction),
      onTuned: (measured) => tuning.set(measured),
      onLog: (level, message) => log[level](message),
    };
    const spec = { ...this.#plan.spec, memoryBudget: await memoryBudget(), tuning: tuning.get() };
    return engine.load(spec, hooks);
  }

  #serve(model: LoadedModel): void {
    this.#model = model;
    this.#info = model.info;
    this.#progress = 1;
    this.#become("ready");
    this.#started.resolve();
    this.#ready.resolve(model.info);
    const { device, contextLength, slots, layers, memory, loadTimeMs, pid } = model.info;
    this.#parts.log.info(
      { device, context_length: contextLength, slots, layers, memory, load_ms: Math.round(loadTimeMs), pid },
      "model ready",
    );
  }

  #fail({ error, final }: Loss): void {
    const { count } = this.#parts.restarts;
    if (!final) this.#error = `${error.message}; given up after ${count} restarts`;
    this.#parts.log.error({ err: error }, "deployment failed");
    this.#started.reject(error);
    this.#ready.reject(error);
    this.#become("failed");
  }

  #advance(fraction: number): void {
    if (fraction > 0) this.#started.resolve();
    this.#progress = fraction;
    const now = performance.now();
    if (this.#state !== "loading" || now - this.#progressShown < PROGRESS_EVERY_MS) return;
    this.#progressShown = now;
    this.#parts.onChange(this);
  }

  #become(state: DeploymentState): void {
    this.#state = state;
    this.#parts.onChange(this);
  }
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
