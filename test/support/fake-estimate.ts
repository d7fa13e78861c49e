import type { Estimate, EstimateSpec, Layout } from "../../src/engine/engine.ts";
import type { FakeScript } from "./fake-engine.ts";

const TRAINED = 4096;
/** Of the KV cache, for each token of a slot. */
const TOKEN_BYTES = 1000;
const COMPUTE_BYTES = 500_000;

/** Weights as scripted, a kilobyte a token, half a megabyte of buffers; slots are given up, then context. */
export function fakeEstimate(spec: EstimateSpec, script: Pick<FakeScript, "weightBytes">): Estimate {
  const wanted = spec.contextLength ?? TRAINED;
  const layout = (contextLength: number, slots: number): Layout => ({
    contextLength,
    slots,
    gpuLayers: 0,
    memory: {
      weights: script.weightBytes,
      kvCache: contextLength * slots * TOKEN_BYTES,
      compute: COMPUTE_BYTES,
      gpu: 0,
    },
  });
  const choose = (contextLengths: number[], budget: number) => {
    for (const contextLength of contextLengths)
      for (let slots = spec.parallel; slots > 0; slots--) {
        const found = layout(contextLength, slots);
        const reduced = slots < spec.parallel || contextLength < wanted;
        if (total(found) <= budget)
          return { ...found, reduced, notes: reduced ? ["reduced to what fits"] : [] };
      }
    return null;
  };
  const lengths = spec.contextLength === null ? [wanted, 512] : [wanted];
  const chosen = choose(lengths, spec.memoryBudget);
  return {
    architecture: "llama",
    quantisation: "Q4_K_M",
    parameters: 1_000_000,
    trainedContextLength: TRAINED,
    device: "cpu",
    totalLayers: 2,
    available: { ram: spec.memoryBudget, vram: 0 },
    asked: layout(wanted, spec.parallel),
    chosen,
    afterEviction: choose(lengths, spec.memoryBudget + spec.reclaimable.ram),
    shorter: chosen ? null : choose([wanted, 512], spec.memoryBudget),
    notes: [],
  };
}

const total = ({ memory: { weights, kvCache, compute } }: Layout) => weights + kvCache + compute;
