import { ApiError } from "../../errors.ts";
import type { Estimate, EstimateSpec, Layout, Need } from "../engine.ts";
import { DEFAULT_CONTEXT, type Fit, type FitRequest } from "../fit.ts";
import { startBackend } from "./backend.ts";
import { needBeside } from "./beside.ts";
import { probeDevices } from "./device-probe.ts";
import type { LlamaLog } from "./llama-log.ts";
import { MemoryJudge, needOf, together } from "./memory.ts";
import { readModelFile } from "./model-file.ts";

/**
 * Works out what `load` would do, without loading anything.
 * @throws ApiError like `load`, except that a model that does not fit is an answer
 */
export async function estimate(spec: EstimateSpec, log: LlamaLog): Promise<Estimate> {
  const backend = await startBackend(spec.device, probeDevices(), spec.threads, log);
  const facts = await readModelFile(spec.path, backend.llama);
  const beside = await needBeside(spec, backend, facts.trainedContextLength);
  await using judge = await MemoryJudge.create(spec, backend, facts, needOf(beside.memory));
  const layout = async ({
    contextLength,
    slots,
    gpuLayers,
  }: Fit | Omit<Layout, "memory">): Promise<Layout> => ({
    contextLength,
    slots,
    gpuLayers,
    memory: together(await judge.use({ contextLength, slots, gpuLayers }), beside.memory),
  });
  const attempt = async (changes?: Partial<FitRequest>) => {
    const found = await fitting(judge, changes);
    return found && { ...(await layout(found)), reduced: found.reduced, notes: found.notes };
  };
  const onCpu = backend.device === "cpu";
  const chosen = await attempt();
  const afterEviction =
    chosen && !chosen.reduced ? chosen : await attempt(more(judge.budget, spec.reclaimable));
  const trained = facts.trainedContextLength;
  const wanted = spec.contextLength ?? Math.min(trained, DEFAULT_CONTEXT);
  return {
    architecture: facts.architecture,
    quantisation: facts.quantisation,
    parameters: facts.insights.totalParameters,
    trainedContextLength: trained,
    device: backend.device,
    totalLayers: facts.insights.totalLayers,
    available: judge.free,
    asked: await layout({
      contextLength: wanted,
      slots: spec.parallel,
      gpuLayers: onCpu ? 0 : (spec.gpuLayers ?? chosen?.gpuLayers ?? 0),
    }),
    chosen,
    afterEviction,
    shorter:
      chosen || spec.contextLength === null
        ? null
        : await attempt({ contextLength: null, longest: spec.contextLength }),
    notes: backend.notes,
  };
}

const more = (budget: Need, reclaimable: Need) => ({
  ram: budget.ram + reclaimable.ram,
  vram: budget.vram === 0 ? 0 : budget.vram + reclaimable.vram,
});

async function fitting(judge: MemoryJudge, changes?: Partial<FitRequest>): Promise<Fit | null> {
  try {
    return await judge.fit(changes);
  } catch (error) {
    if (error instanceof ApiError && error.code === "insufficient_memory") return null;
    throw error;
  }
}
