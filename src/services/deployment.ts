import { setTimeout as sleep } from "node:timers/promises";
import type { Engine, LoadedModel, LoadHooks, ModelInfo, Tuning } from "../engine/engine.ts";
import { ApiError, beingUndeployed, deploymentFailed, memoryBusy, modelLoading } from "../errors.ts";
import type { Log } from "../log.ts";
import type { DeploymentState, DeploymentStatus } from "../schemas/deployment.ts";
import type { DeployPlan } from "./deploy-plan.ts";
import { toDeploymentStatus, toLogFields } from "./deployment-status.ts";
import { type Lease, Leases } from "./leases.ts";
import { Milestones } from "./milestones.ts";
import type { RestartPolicy } from "./restart-policy.ts";

export interface DeploymentParts {
  engine: Engine;
  log: Log;
  /** Runs a load when it is its turn and there is memory for it. */
  withRoom: (
    deployment: Deployment,
    signal: AbortSignal,
    load: () => Promise<LoadedModel>,
  ) => Promise<LoadedModel>;
  restarts: RestartPolicy;
  /** Bytes of RAM a model may take now. */
  memoryBudget: () => Promise<number>;
  /** What is known of this model on this machine, and where to keep more. */
  tuning: { get(): Tuning | null; set(tuning: Tuning): void };
  /** Called after every change of state, and now and then while it loads. */
  onChange: (deployment: Deployment) => void;
}

/** Why an engine is not there any more, or never was; `rest` gave its memory back until the next request. */
type Loss =
  | { kind: "rest" }
  | {
      kind: "lost";
      error: Error;
      /** Starting again would fail for the same reason. */
      final: boolean;
    };

const PROGRESS_EVERY_MS = 200;
const LACKS_MEMORY = new Set(["insufficient_memory", "memory_busy"]);
/** A load that a request asked for and that failed is not tried again before; else each request would. */
const COOL_DOWN_MS = 15_000;

/**
 * One deployed model from its first load to its end, through crashes and restarts. `#live` makes
 * every transition but the one to `draining`; callers only ask, so they can not race it.
 */
export class Deployment {
  readonly name: string;
  #plan: DeployPlan;
  readonly #parts: DeploymentParts;
  readonly #created = Date.now();
  /** Aborts when it is to end: a load, its place in the queue and the wait before a restart end too. */
  readonly #stop = new AbortController();
  readonly #leases: Leases;
  readonly milestones = new Milestones();
  readonly #end: Promise<void>;
  #state: DeploymentState;
  #progress = 0;
  #progressShown = 0;
  #model: LoadedModel | null = null;
  #info: ModelInfo | null = null;
  #failedAt: number | null = null;
  /** Set while there is a model that may be sent to rest. */
  #rest: { asked: PromiseWithResolvers<"rest">; done: PromiseWithResolvers<void> } | null = null;
  #awake = Promise.withResolvers<void>();
  #error: string | null = null;
  /** Whether it failed for want of memory that models at work hold. */
  #isMemoryBusy = false;

  /** Starts to load as soon as the caller has returned to the event loop. */
  constructor(plan: DeployPlan, parts: DeploymentParts) {
    this.name = plan.name;
    this.#plan = plan;
    this.#parts = parts;
    this.#state = this.#first;
    this.#leases = new Leases(plan, ttlOf(plan), () => void this.rest());
    this.#end = this.#live();
  }

  /** Whether it is there because a request named it. */
  get onDemand(): boolean {
    return this.#plan.onDemand;
  }

  /** Whether it is loaded although it does not seem to fit. */
  get forced(): boolean {
    return this.#plan.force;
  }

  /** Other names for it. */
  get aliases(): readonly string[] {
    return this.#plan.aliases;
  }

  /** All of its load that does not depend on when it happens. */
  get spec(): DeployPlan["spec"] {
    return this.#plan.spec;
  }

  /** Of the engine process, while there is one with a model in memory. */
  get pid(): number | null {
    return this.#model?.info.pid ?? null;
  }

  get state(): DeploymentState {
    return this.#state;
  }

  /** Whether its model was in memory at some time. */
  get wasReady(): boolean {
    return this.#info !== null;
  }

  /** Whether it holds memory that another model may have: nobody uses it, and it is not pinned. */
  get idle(): boolean {
    return this.#state === "ready" && this.#leases.users === 0 && !this.#plan.pinned;
  }

  /** Whether it holds memory that another model may have once its requests are done. */
  get busy(): boolean {
    const goes = this.#model !== null && this.#state === "draining";
    return this.#leases.users > 0 && (goes || (this.#state === "ready" && !this.#plan.pinned));
  }

  /** Whether its engine is about to end, and its memory there in a moment. */
  get leaving(): boolean {
    // Also one that is to be loaded again by then.
    return this.#model !== null && this.#state !== "ready" && this.#leases.users === 0;
  }

  /** Orders deployments by their last use. */
  get idleSince(): number {
    return this.#leases.idleSince;
  }

  /** Whether it was loaded for a request and failed so long ago that another request may try again. */
  get retriable(): boolean {
    return this.#plan.onDemand && this.#state === "failed" && this.#coolDown <= 0;
  }

  /**
   * What a request has loaded becomes what `plan` asks for, where that is to be loaded in the same way.
   * @returns whether it is: there is nothing left to deploy then
   */
  adopt(plan: DeployPlan): boolean {
    const isThere = this.#state === "ready" || this.#state === "loading";
    if (!this.onDemand || !isThere || !this.#isLoadedAs(plan)) return false;
    this.#plan = { ...plan, fetch: this.#plan.fetch };
    this.#leases.setTerms(plan, ttlOf(plan));
    if (this.idle) this.#leases.onReady();
    else if (this.#leases.users === 0) this.#leases.onGone();
    this.#become(this.#state);
    return true;
  }

  /** Whether it is not in memory, or a request has loaded it, nobody uses it and `plan` wants it loaded otherwise. */
  makesWayFor(plan: DeployPlan): boolean {
    if (this.#state === "unloaded") return this.onDemand || plan.name === this.name;
    return this.onDemand && this.idle && !this.#isLoadedAs(plan);
  }

  /**
   * A model that lies unloaded begins to load.
   * @throws ApiError that tells why the model can not be used now
   */
  acquire(): Lease {
    if (this.#state === "unloaded" && this.#coolDown > 0) throw this.#failure();
    if (this.#state === "unloaded") this.#wake();
    if (this.#state === "loading") throw modelLoading(this.name);
    if (this.#state === "downloading") throw modelLoading(this.name, 10, "downloading");
    if (this.#state === "failed") throw this.#failure();
    if (this.#state !== "ready" || !this.#model) throw beingUndeployed(this.name);
    return this.#leases.lend(this.#model);
  }

  /**
   * Gives the memory of a model that nobody uses back; the next request loads it again.
   * @returns when the engine is gone; at once when the model is in use or not in memory
   */
  async rest(): Promise<void> {
    if (!this.idle || !this.#rest) return;
    const { asked, done } = this.#rest;
    this.#parts.log.info("unloading, for nobody uses it");
    this.#awake = Promise.withResolvers();
    this.#become("unloaded");
    asked.resolve("rest");
    await done.promise;
  }

  /**
   * Ends the deployment: a load is cancelled, a ready model finishes its requests for at most
   * `drainMs` milliseconds; what is cut short fails with `reason`. When called again the earlier
   * deadline counts.
   * @returns when its engine is gone
   */
  async stop(drainMs: number, reason: ApiError): Promise<void> {
    this.#stop.abort(reason);
    if (["downloading", "loading", "ready"].includes(this.#state)) this.#become("draining");
    this.#leases.end(drainMs);
    this.#awake.resolve();
    await this.#end;
    if (this.#state !== "stopped") this.#become("stopped");
  }

  /** As `/status` and `/events` show it. */
  status(): DeploymentStatus {
    return toDeploymentStatus({
      plan: this.#plan,
      state: this.#state,
      progress: this.#progress,
      info: this.#info,
      activity: this.#model?.activity ?? null,
      created: this.#created,
      lastUsed: this.#leases.lastUsed,
      restarts: this.#parts.restarts.count,
      error: this.#error,
    });
  }

  #isLoadedAs({ name, spec }: DeployPlan): boolean {
    return name === this.name && Bun.deepEquals(spec, this.spec);
  }

  /** From one engine to the next, until told to stop or until there is no sense in another one. */
  async #live(): Promise<void> {
    const { signal } = this.#stop;
    // The first event must not come before the caller knows of this deployment.
    await Promise.resolve();
    if (!signal.aborted) this.#become(this.#first);
    for (;;) {
      const loss = await this.#runEngine();
      this.#model = null;
      this.#rest?.done.resolve();
      this.#rest = null;
      if (signal.aborted) break;
      if (loss.kind === "rest") {
        await this.#awake.promise;
        if (signal.aborted) break;
        continue;
      }
      const delay = loss.final ? null : this.#parts.restarts.next(performance.now());
      this.#error = loss.error.message;
      if (delay === null) return this.#fail(loss);
      this.#parts.log.warn({ reason: this.#error, delay_ms: delay }, "engine lost, starting it again");
      this.#becomeLoading();
      await sleep(delay, undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
    }
    this.milestones.fails(signal.reason);
    this.#become("stopped");
  }

  /** One engine from its load to its end. */
  async #runEngine(): Promise<Loss> {
    const { signal } = this.#stop;
    let model: LoadedModel;
    try {
      if (this.#plan.fault) throw this.#plan.fault;
      await this.#fetch();
      model = await this.#parts.withRoom(this, signal, () => this.#load());
    } catch (error) {
      // A file or a device that was refused stays refused; a crash may have been bad luck.
      const code = error instanceof ApiError ? error.code : null;
      if (this.wasReady && !signal.aborted && LACKS_MEMORY.has(code ?? ""))
        return this.#restUnwillingly(toError(error));
      return { kind: "lost", error: toError(error), final: code !== "engine_lost" && !this.wasReady };
    }
    this.#rest = { asked: Promise.withResolvers(), done: Promise.withResolvers() };
    const end = Promise.race([model.gone, this.#leases.ended, this.#rest.asked.promise]);
    if (!signal.aborted) this.#serve(model);
    const reason = await end;
    this.#leases.onGone();
    if (reason !== "drained" && reason !== "rest")
      return { kind: "lost", error: new Error(reason ?? "it ended by itself"), final: false };
    await model.unload(signal.reason as Error | undefined).catch((error: unknown) => {
      this.#parts.log.error({ err: error }, "engine did not unload cleanly");
    });
    return reason === "rest"
      ? { kind: "rest" }
      : { kind: "lost", error: signal.reason as Error, final: true };
  }

  /** It was in memory before and does not fit now: that may pass, so it is no failure for good. */
  #restUnwillingly(reason: Error): Loss {
    this.#error = reason.message;
    this.#isMemoryBusy = isMemoryBusy(reason);
    this.#failedAt = performance.now();
    this.#awake = Promise.withResolvers();
    this.#parts.log.warn({ err: reason }, "not loaded again for now");
    this.milestones.fails(reason);
    this.#become("unloaded");
    return { kind: "rest" };
  }

  /** Its file, when it was not on this machine at first. */
  async #fetch(): Promise<void> {
    if (this.#state !== "downloading") return;
    const { signal } = this.#stop;
    await this.#plan.fetch?.({ signal, onProgress: (fraction) => this.#advance(fraction) });
    signal.throwIfAborted();
    this.#becomeLoading();
  }

  async #load(): Promise<LoadedModel> {
    const { engine, log, memoryBudget, tuning } = this.#parts;
    const hooks: LoadHooks = {
      signal: this.#stop.signal,
      onProgress: (fraction) => this.#advance(fraction),
      onTuned: (measured) => tuning.set(measured),
      onLog: (level, message) => log[level](message),
    };
    const spec = {
      ...this.#plan.spec,
      memoryBudget: this.#plan.force ? Infinity : await memoryBudget(),
      tuning: tuning.get(),
    };
    return engine.load(spec, hooks);
  }

  #serve(model: LoadedModel): void {
    this.#model = model;
    this.#info = model.info;
    this.#progress = 1;
    this.#failedAt = null;
    this.#become("ready");
    this.milestones.isReady(model.info);
    this.#leases.onReady();
    this.#parts.log.info(toLogFields(model.info), "model ready");
  }

  #fail({ error, final }: Extract<Loss, { kind: "lost" }>): void {
    const { count } = this.#parts.restarts;
    if (!final) this.#error = `${error.message}; given up after ${count} restarts`;
    this.#parts.log.error({ err: error }, "deployment failed");
    this.#isMemoryBusy = isMemoryBusy(error);
    this.milestones.fails(error);
    this.#failedAt = performance.now();
    this.#become("failed");
  }

  /** Milliseconds until a load for a request is tried again. */
  get #coolDown(): number {
    return this.#failedAt === null ? 0 : this.#failedAt + COOL_DOWN_MS - performance.now();
  }

  #failure(): ApiError {
    // Nothing changes that but another file, so nobody is told to come back.
    if (this.#plan.fault) return this.#plan.fault;
    const reason = this.#error ?? "no reason is known";
    const passes = this.#plan.onDemand || this.#state === "unloaded";
    const seconds = passes ? Math.max(1, Math.ceil(this.#coolDown / 1000)) : undefined;
    if (passes && this.#isMemoryBusy) return memoryBusy(this.name, seconds);
    return deploymentFailed(this.name, reason, seconds);
  }

  #wake(): void {
    this.#becomeLoading();
    this.#awake.resolve();
  }

  /** The state it begins in. */
  get #first(): DeploymentState {
    return this.#plan.fetch ? "downloading" : "loading";
  }

  #becomeLoading(): void {
    this.#progress = 0;
    this.milestones.isGone();
    this.#become("loading");
  }

  #advance(fraction: number): void {
    const loads = this.#state === "loading";
    if (loads && fraction > 0) this.milestones.loads();
    this.#progress = fraction;
    const now = performance.now();
    if ((!loads && this.#state !== "downloading") || now - this.#progressShown < PROGRESS_EVERY_MS) return;
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

const isMemoryBusy = (error: Error) => error instanceof ApiError && error.code === "memory_busy";

const ttlOf = ({ pinned, ttlMs }: DeployPlan) => (pinned ? null : ttlMs);
