import { alreadyDeployed, modelLoading, modelNotFound, nothingDeployed } from "../../src/errors.ts";
import type { Engine, LoadedModel } from "../../src/engine/engine.ts";
import type { DeployRequest, DeploymentStatus } from "../../src/schemas/deployment.ts";
import type { EventBus } from "../../src/services/events.ts";
import type { Lease, ModelManager } from "../../src/services/model-manager.ts";

/** Stands in until the real manager has landed. */
export class InterimManager implements ModelManager {
  readonly #engine: Engine;
  readonly #events: EventBus;
  readonly #models = new Map<string, { model: LoadedModel | null; status: DeploymentStatus }>();
  constructor(engine: Engine, events: EventBus) {
    this.#engine = engine;
    this.#events = events;
  }
  async deploy(request: DeployRequest) {
    const name = request.model_name;
    if (this.#models.has(name)) throw alreadyDeployed(name);
    const device = request.device ?? "auto";
    const status: DeploymentStatus = {
      model_name: name,
      state: "loading",
      device,
      progress: 0,
      context_length: null,
      trained_context_length: null,
      slots: null,
      busy_slots: 0,
      queued: 0,
      gpu_layers: null,
      total_layers: null,
      memory_bytes: null,
      memory: null,
      architecture: null,
      quantisation: null,
      parameters: null,
      file_size: null,
      load_time_ms: null,
      last_used: null,
      created: 1,
      pid: null,
      restarts: 0,
      notes: [],
      error: null,
    };
    const entry: { model: LoadedModel | null; status: DeploymentStatus } = { model: null, status };
    this.#models.set(name, entry);
    this.#events.emit("deployment", { ...status });
    const load = this.#engine
      .load(
        {
          name,
          path: `/${name}`,
          device: "auto",
          contextLength: request.context_length ?? null,
          parallel: request.parallel ?? 4,
          gpuLayers: null,
          memoryBudget: 1e9,
          threads: 1,
          queueLimit: 8,
          pauseMs: 500,
          tuning: null,
        },
        {
          signal: new AbortController().signal,
          onProgress: (p) => (status.progress = p),
          onTuned() {},
          onLog() {},
        },
      )
      .then(
        (model) => {
          entry.model = model;
          Object.assign(status, {
            state: "ready",
            device: "cpu",
            slots: model.info.slots,
            context_length: model.info.contextLength,
          });
          this.#events.emit("deployment", { ...status });
        },
        (error: Error) => {
          Object.assign(status, { state: "failed", error: error.message });
          this.#events.emit("deployment", { ...status });
          if (request.wait) throw error;
        },
      );
    if (request.wait) await load;
    return {
      message: `${name} is loading`,
      model_name: name,
      device,
      status: request.wait ? ("ready" as const) : ("loading" as const),
    };
  }
  async undeploy(name?: string) {
    const found = name ?? this.current()?.model_name ?? [...this.#models.keys()].at(-1);
    if (found === undefined) throw nothingDeployed();
    const entry = this.#models.get(found);
    if (!entry) throw modelNotFound(found);
    this.#models.delete(found);
    await entry.model?.unload();
    return found;
  }
  acquire(name?: string): Lease {
    if (this.#models.size === 0) throw nothingDeployed();
    const found = name ?? this.current()?.model_name ?? [...this.#models.keys()][0] ?? "";
    const entry = this.#models.get(found);
    if (!entry) throw modelNotFound(found);
    if (!entry.model) throw modelLoading(found);
    return { name: found, model: entry.model, release() {} };
  }
  list() {
    return [...this.#models.values()].map(({ status, model }) => ({
      ...status,
      busy_slots: model?.activity.busySlots ?? 0,
      queued: model?.activity.queued ?? 0,
      completion_tokens: model?.activity.completionTokens ?? 0,
    }));
  }
  current() {
    return this.list().findLast(({ state }) => state === "ready") ?? null;
  }
  async close() {
    await Promise.all([...this.#models.values()].map(({ model }) => model?.unload()));
    this.#models.clear();
  }
}
