import type { MemoryEstimator } from "../../engine/fit.ts";
import type { CacheLayers, CatalogueFile, CatalogueModel } from "./catalogue-model.ts";

const MIB = 2 ** 20;

/** The engine process, its vocabulary, and buffers on a processor. */
const ENGINE_BYTES = 200 * MIB;
/** Buffers on a GPU, where room for the logits of a whole batch is really taken. */
const GPU_BUFFER_BYTES = 700 * MIB;

/** Keys and values in F16. */
const NUMBER_BYTES = 2;

/**
 * What a model takes by its published numbers, for models whose header was not read. llama.cpp's own estimate
 * decides before anything is downloaded.
 */
export function catalogueEstimator(model: CatalogueModel, file: CatalogueFile): MemoryEstimator {
  // The output layer counts as one, as llama.cpp has it.
  const total = model.layers + 1;
  const onGpu = (gpuLayers: number) => Math.min(1, gpuLayers / total);
  return {
    weights: async (gpuLayers) => {
      const vram = file.bytes * onGpu(gpuLayers);
      return { ram: file.bytes - vram, vram };
    },
    context: async ({ contextLength, slots, gpuLayers }) => {
      const cache = slots * (cacheBytes(model.cache, contextLength) + (model.stateBytes ?? 0));
      const vram = cache * onGpu(gpuLayers);
      return { ram: cache - vram + ENGINE_BYTES, vram: vram + (gpuLayers > 0 ? GPU_BUFFER_BYTES : 0) };
    },
  };
}

/** Of one slot with its context filled. */
export function cacheBytes(cache: readonly CacheLayers[], contextLength: number): number {
  return cache.reduce((all, { layers, heads, keyLength, valueLength = keyLength, window = Infinity }) => {
    const tokens = Math.min(contextLength, window);
    return all + layers * heads * (keyLength + valueLength) * tokens * NUMBER_BYTES;
  }, 0);
}
