import type { Config } from "../config/config.ts";
import type { Engine, Estimate, EstimateSpec, Layout, LoadSpec, Need } from "../engine/engine.ts";
import { insufficientMemory } from "../errors.ts";
import type { DeploymentStatus, DeployRequest } from "../schemas/deployment.ts";
import type { EstimateAnswer } from "../schemas/estimate.ts";
import type { Recommendation } from "../schemas/recommendation.ts";
import { cardBandwidth } from "../system/bandwidth.ts";
import { mappedMemory } from "../system/mapped-memory.ts";
import { type FileSource, planDeployment } from "./deploy-plan.ts";
import { type JudgedModel, toAnswer } from "./estimate-answer.ts";
import type { Verdict } from "./memory-keeper.ts";
import type { ModelFile, ModelFiles } from "./model-files.ts";
import type { ModelManager } from "./model-manager.ts";
import { type Hardware, recommend } from "./recommender.ts";
import type { SystemReader } from "./status.ts";
import { Turnstile } from "./turnstile.ts";

export interface AdvisorParts {
  engine: Pick<Engine, "estimate">;
  files: FileSource & Pick<ModelFiles, "sketch" | "siblings">;
  manager: Pick<ModelManager, "list">;
  system: SystemReader;
  /** Bytes of RAM that a model may take now, without `mapped` bytes that others use. */
  memoryBudget: (mapped: number) => Promise<number>;
  /** Bytes a second from RAM to all usable CPUs. */
  ramBandwidth: () => number;
  /** Whether an engine for the GPUs is installed and its driver there. */
  gpuUsable: () => boolean;
  config: Config;
  threads: number;
}

/** Weights and more slots than anybody asks for: below this much of the free memory a model fits without a look. */
const OBVIOUS = 4;
/** How many estimates are worked out at a time, each in a process of its own. */
const AT_A_TIME = 2;

/** Will it fit, how fast will it be, and what else could be taken: asked before anything is downloaded or loaded. */
export class Advisor {
  readonly #parts: AdvisorParts;
  readonly #turnstile = new Turnstile(AT_A_TIME);

  constructor(parts: AdvisorParts) {
    this.#parts = parts;
  }

  /**
   * What deploying a model as `request` asks would take.
   * @throws ApiError as `POST /deploy` does for names, options and files, but never for want of memory
   */
  async estimate(request: DeployRequest, signal: AbortSignal): Promise<EstimateAnswer> {
    return this.#estimate(request, signal, isIdle);
  }

  /** @param gives which deployments will give their memory back for it */
  async #estimate(
    request: DeployRequest,
    signal: AbortSignal,
    gives: (deployment: DeploymentStatus) => boolean,
  ): Promise<EstimateAnswer> {
    const { engine, files, config, threads, system, ramBandwidth } = this.#parts;
    const token = request.hf_token || null;
    let file: ModelFile | undefined;
    const remembering: FileSource = {
      // The first name is the model's; what follows are its adapters.
      resolve: async (name, wish) => {
        const found = await files.resolve(name, wish);
        file ??= found;
        return found;
      },
      header: (found, access) => files.header(found, access),
      fetch: (found, hooks, access) => files.fetch(found, hooks, access),
    };
    const plan = await planDeployment(request, remembering, config, { threads });
    if (plan.fault) throw plan.fault;
    if (!file) throw new Error("a plan without a file");
    await using sketch = await files.sketch(file, token);
    const { memory, estimate } = await this.#turnstile.run(signal, async () => {
      const memory = await this.#memory(gives);
      const spec = { ...toSpec(plan.spec, memory), path: sketch.path };
      return { memory, estimate: await engine.estimate(spec, signal) };
    });
    const { gpu, disk } = await system.status();
    const judged: JudgedModel = {
      name: request.model_name,
      file,
      estimate,
      reclaimable: memory.reclaimable,
      activeBytes: sketch.activeBytes,
      bandwidth: { ram: ramBandwidth(), vram: cardBandwidth(gpu) },
      diskAvailable: disk?.available ?? null,
      siblings: isShort(estimate) ? await files.siblings(file, token) : [],
      // Where a shorter context would do, the model itself is not too large.
      smaller: estimate.chosen || estimate.shorter ? null : await this.#best(),
    };
    return toAnswer(judged, [...plan.warnings]);
  }

  /**
   * Lets a deployment go on that fits, now or once models that are not pinned are gone: the manager unloads those
   * that lie idle and waits for those at work.
   * @throws ApiError `insufficient_memory` with the numbers and what to take instead, unless `force` is set; as
   * `estimate` does otherwise
   */
  async assertFits(request: DeployRequest, signal: AbortSignal): Promise<void> {
    if (request.force || (await this.#isObvious(request))) return;
    const answer = await this.#estimate(request, signal, isNotPinned);
    if (answer.fits !== "none") return;
    const instead = answer.alternatives.map(({ message }) => message);
    const advice = instead.length > 0 ? ` Instead: ${instead.join("; ")}.` : "";
    throw insufficientMemory(`${answer.message}.${advice} "force": true loads it all the same`);
  }

  /** What there is for models now, with what idle ones would give back. */
  async hardware(): Promise<Hardware> {
    const { system, ramBandwidth, gpuUsable } = this.#parts;
    const [{ available, reclaimable }, { gpu, disk }] = await Promise.all([this.#memory(), system.status()]);
    const cards = gpuUsable() ? gpu.filter(({ memory_total }) => memory_total !== null) : [];
    const free = cards.reduce(
      (sum, { memory_total, memory_used }) => sum + (memory_total ?? 0) - (memory_used ?? 0),
      0,
    );
    return {
      ram: available + reclaimable.ram,
      vram: cards.length > 0 ? free + reclaimable.vram : 0,
      disk: disk?.available ?? null,
      bandwidth: { ram: ramBandwidth(), vram: cardBandwidth(cards) },
    };
  }

  /**
   * For the model manager: whether a load fits into what is free right now; `null` when that can not be told.
   * @param idle the names of those that may go for it: who uses a model is known to the manager a moment before
   * its engine tells
   */
  async judge(
    spec: Omit<LoadSpec, "memoryBudget" | "tuning">,
    idle: ReadonlySet<string>,
  ): Promise<Verdict | null> {
    const { engine } = this.#parts;
    try {
      const memory = await this.#memory(({ model_name }) => idle.has(model_name));
      const signal = new AbortController().signal;
      const { chosen, afterEviction } = await engine.estimate(toSpec(spec, memory), signal);
      if (!chosen) return afterEviction ? "none" : "hopeless";
      return afterEviction && isBetter(afterEviction, chosen) ? "reduced" : "whole";
    } catch {
      // Why it can not be loaded is for the load to tell.
      return null;
    }
  }

  /** The model of the catalogue that suits this machine best; `null` when none fits. */
  async #best(): Promise<Recommendation | null> {
    const { recommendations } = await recommend("chat", await this.hardware());
    const [first] = recommendations;
    return first && first.fits !== "none" ? first : null;
  }

  /** A default deployment of a file far smaller than what is free takes less context where need be, so it fits. */
  async #isObvious(request: DeployRequest): Promise<boolean> {
    const { files, config } = this.#parts;
    // Whether a device is there is known to whoever looks for its memory.
    if (!["auto", "cpu"].includes(request.device ?? config.device)) return false;
    const asked = [request.context_length, request.gpu_layers, config.contextLength, config.gpuLayers];
    if (asked.some((value) => typeof value === "number")) return false;
    const choice = { eightBit: request.load_in_8bit ?? false, fourBit: request.load_in_4bit ?? false };
    // What is wrong with the name is told by whoever deploys it.
    const file = await files
      .resolve(request.model_name, { ...choice, token: request.hf_token || null, onDisk: false })
      .catch(() => null);
    return file !== null && file.fileSize * OBVIOUS < (await this.#memory()).available;
  }

  async #memory(gives = isIdle): Promise<{ available: number; reclaimable: Need }> {
    const list = this.#parts.manager.list();
    const pids = list.flatMap(({ pid }) => pid ?? []);
    return {
      available: await this.#parts.memoryBudget(await mappedMemory(pids)),
      reclaimable: list.filter(gives).reduce<Need>(
        (sum, { memory_bytes, memory }) => ({
          ram: sum.ram + (memory_bytes ?? 0) - (memory?.gpu ?? 0),
          vram: sum.vram + (memory?.gpu ?? 0),
        }),
        { ram: 0, vram: 0 },
      ),
    };
  }
}

const isIdle = ({ state, pinned, busy_slots, queued }: DeploymentStatus) =>
  state === "ready" && !pinned && busy_slots === 0 && queued === 0;

const isNotPinned = ({ pinned }: DeploymentStatus) => !pinned;

const isBetter = (a: Layout, b: Layout) =>
  a.contextLength > b.contextLength || a.slots > b.slots || a.gpuLayers > b.gpuLayers;

/** Whether there may be a better choice: less than was asked for fits. */
const isShort = ({ chosen }: Pick<Estimate, "chosen">) => chosen === null || chosen.reduced;

function toSpec(
  spec: Omit<LoadSpec, "memoryBudget" | "tuning">,
  { available, reclaimable }: { available: number; reclaimable: Need },
): EstimateSpec {
  const { path, device, contextLength, parallel, gpuLayers, kvCacheType, flashAttention } = spec;
  const { loras, draft, threads } = spec;
  return {
    path,
    device,
    contextLength,
    parallel,
    gpuLayers,
    kvCacheType,
    flashAttention,
    loras,
    draft,
    threads,
    memoryBudget: available,
    reclaimable,
  };
}
