import { join } from "node:path";
import { ApiError, loadLost } from "../errors.ts";
import type { Engine, Estimate, EstimateSpec, LoadedModel, LoadHooks, LoadSpec } from "./engine.ts";
import { EngineChild } from "./engine-child.ts";
import { estimateInChild } from "./estimate-child.ts";
import { describeExit } from "./exit-reason.ts";
import { ProcessModel } from "./process-model.ts";
import type { FromWorker } from "./protocol.ts";
import { Watchdog, type WatchdogSettings } from "./watchdog.ts";

export interface LlamaEngineSettings {
  watchdog: WatchdogSettings;
  /** Absolute path of the program of an engine process. Default: the worker beside this file. */
  worker?: string;
  /** How long an engine may take to end by itself when it is unloaded, in milliseconds. Default 5000. */
  unloadMs?: number;
}

const WORKER = join(import.meta.dir, "worker", "main.ts");
const JUDGE_EVERY_MS = 1000;

/** llama.cpp, one child process per model. */
export class LlamaEngine implements Engine {
  readonly #settings: Required<LlamaEngineSettings>;

  constructor({ watchdog, worker = WORKER, unloadMs = 5000 }: LlamaEngineSettings) {
    this.#settings = { watchdog, worker, unloadMs };
  }

  async load(spec: LoadSpec, hooks: LoadHooks): Promise<LoadedModel> {
    const { signal } = hooks;
    signal.throwIfAborted();
    const loaded = Promise.withResolvers<ProcessModel>();
    const watchdog = this.#watchdog();
    let model: ProcessModel | null = null;
    const onMessage = (message: FromWorker) => {
      // Heartbeats come late while the engine reads many prompts, but it answers each of them.
      watchdog.message(performance.now());
      switch (message.type) {
        case "progress":
          watchdog.progress(message.fraction, performance.now());
          hooks.onProgress(message.fraction);
          break;
        case "ready":
          watchdog.ready(performance.now());
          model = new ProcessModel(child, message.info, this.#settings.unloadMs);
          loaded.resolve(model);
          break;
        case "failed":
          loaded.reject(ApiError.fromWire(message.error));
          break;
        case "tuned":
          hooks.onTuned(message.tuning);
          break;
        case "log":
          hooks.onLog(message.level, message.message);
          break;
        case "heartbeat":
          watchdog.heartbeat(message.step, performance.now());
          model?.receive(message);
          break;
        default:
          model?.receive(message);
      }
    };
    const child = new EngineChild({
      script: this.#settings.worker,
      onMessage,
      onLine: (line) => hooks.onLog("debug", line),
    });
    this.#watch(child, watchdog);
    void child.exited.then((exit) => loaded.reject(loadLost(describeExit(exit))));
    const abort = () => {
      child.kill("its load was cancelled");
      loaded.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    child.send({ type: "load", spec });
    try {
      const ready = await loaded.promise;
      signal.throwIfAborted();
      return ready;
    } catch (error) {
      // No load that failed leaves a process behind, not even for a moment.
      child.kill("its load failed");
      await child.exited;
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  estimate(spec: EstimateSpec, signal: AbortSignal): Promise<Estimate> {
    return estimateInChild(this.#settings.worker, spec, signal);
  }

  #watchdog(): Watchdog {
    return new Watchdog(this.#settings.watchdog, this.#judgeEveryMs, performance.now());
  }

  #watch(child: EngineChild, watchdog: Watchdog): void {
    const timer = setInterval(() => {
      const verdict = watchdog.judge(performance.now());
      if (verdict) child.kill(verdict);
    }, this.#judgeEveryMs);
    void child.exited.then(() => clearInterval(timer));
  }

  get #judgeEveryMs(): number {
    const { heartbeatTimeoutMs, loadStallMs } = this.#settings.watchdog;
    return Math.min(JUDGE_EVERY_MS, heartbeatTimeoutMs / 4, loadStallMs / 4);
  }
}
