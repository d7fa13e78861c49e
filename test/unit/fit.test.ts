import { describe, expect, test } from "bun:test";
import { fit, type FitRequest, type MemoryEstimator } from "../../src/engine/fit.ts";

const GIB = 2 ** 30;

/** 32 layers of 512 MiB; 128 KiB of KV cache a token over all layers; 256 MiB of buffers where the layers are. */
const LAYERS = 32;
const model: MemoryEstimator = {
  weights: async (gpu) => ({ ram: ((LAYERS - gpu) * GIB) / 2, vram: (gpu * GIB) / 2 }),
  context: async ({ contextLength, slots, gpuLayers }) => {
    const cache = contextLength * slots * 128 * 1024;
    const share = gpuLayers / LAYERS;
    const buffers = GIB / 4;
    return {
      ram: cache * (1 - share) + buffers,
      vram: cache * share + (gpuLayers > 0 ? buffers : 0),
    };
  },
};

const request = (changes: Partial<FitRequest> = {}): FitRequest => ({
  contextLength: null,
  parallel: 4,
  gpuLayers: null,
  trainedContextLength: 32_768,
  totalLayers: LAYERS,
  ram: 64 * GIB,
  vram: 0,
  unified: false,
  ...changes,
});

const plan = (changes: Partial<FitRequest> = {}) => fit(request(changes), model);

describe("in memory alone", () => {
  test("there is room for all: 8192 tokens for every slot, and nothing to note", async () => {
    expect(await plan()).toMatchObject({ contextLength: 8192, slots: 4, gpuLayers: 0, notes: [] });
  });

  test("a model trained on less gets what it was trained on", async () => {
    expect(await plan({ trainedContextLength: 2048 })).toMatchObject({ contextLength: 2048, slots: 4 });
  });

  test("context goes before slots, and the note says so", async () => {
    // 16 GiB of weights, 0.25 of buffers, 3 for cache: 24576 tokens.
    const fitted = await plan({ ram: 19.25 * GIB });
    expect(fitted).toMatchObject({ contextLength: 6144, slots: 4 });
    expect(fitted.notes).toEqual([
      "context_length reduced from 8192 to 6144 tokens: more does not fit into memory",
    ]);
  });

  test("then slots go, down to one", async () => {
    const fitted = await plan({ ram: 17 * GIB });
    expect(fitted).toMatchObject({ contextLength: 4096, slots: 1 });
    expect(fitted.notes).toEqual([
      "context_length reduced from 8192 to 4096 tokens: more does not fit into memory",
      "slots reduced from 4 to 1: more do not fit into memory",
    ]);
  });

  test("then the context of the last slot", async () => {
    expect(await plan({ ram: 16.4 * GIB })).toMatchObject({ contextLength: 1024, slots: 1 });
  });

  test("until nothing fits, which is told with numbers", async () => {
    const failure = plan({ ram: 10 * GIB });
    await expect(failure).rejects.toMatchObject({
      code: "insufficient_memory",
      message:
        "The model does not fit into memory: weights take 16.0 GiB and one slot of 512 tokens 320 MiB; 10.0 GiB of memory are available to it",
    });
  });
});

describe("layers that were asked for", () => {
  test("do not make less of a model that has fewer", async () => {
    const fitted = await plan({ vram: 64 * GIB, gpuLayers: 99 });
    expect(fitted).toMatchObject({ gpuLayers: 32, reduced: false });
    expect(fitted.notes).toEqual(["gpu_layers reduced to 32: the model has no more"]);
  });

  test("are put on the GPU, whatever is free, where the model is forced in", async () => {
    const forced = { ram: Infinity, vram: 4 * GIB };
    expect(await plan({ ...forced, gpuLayers: 32 })).toMatchObject({ gpuLayers: 32, reduced: false });
    await expect(plan({ vram: 4 * GIB, gpuLayers: 32 })).rejects.toMatchObject({
      code: "insufficient_memory",
    });
    expect((await plan({ ...forced, gpuLayers: null })).gpuLayers).toBeLessThan(8);
  });
});

describe("a context that was asked for", () => {
  test("is kept, and slots give way", async () => {
    expect(await plan({ contextLength: 16_384, ram: 21 * GIB })).toMatchObject({
      contextLength: 16_384,
      slots: 2,
      notes: ["slots reduced from 4 to 2: more do not fit into memory"],
    });
  });

  test("and does not fit even once is refused with numbers", async () => {
    await expect(plan({ contextLength: 32_768, ram: 18 * GIB })).rejects.toMatchObject({
      status: 400,
      code: "insufficient_memory",
      message: expect.stringContaining("one slot of 32768 tokens 4.3 GiB; 18.0 GiB of memory"),
    });
  });

  test("above the trained one is refused, naming both", async () => {
    await expect(plan({ contextLength: 40_000 })).rejects.toMatchObject({
      status: 400,
      param: "context_length",
      message: expect.stringMatching(/40000.*32768/),
    });
  });
});

describe("a context that nobody asked for", () => {
  test("is as long as fits, up to the longest that would be welcome", async () => {
    const given = { ram: 22.25 * GIB, parallel: 1, trainedContextLength: 1_000_000 };
    expect(await plan({ ...given, longest: 500_000 })).toMatchObject({ contextLength: 49_152, slots: 1 });
    expect(await plan({ ...given, longest: 20_000 })).toMatchObject({ contextLength: 20_000, notes: [] });
    expect(await plan({ ...given, longest: 4000 })).toMatchObject({ contextLength: 4000 });
  });
});

describe("with a GPU of 24 GiB", () => {
  const vram = 24 * GIB;

  test("everything lies on it when it fits", async () => {
    expect(await plan({ vram })).toMatchObject({ gpuLayers: 32, slots: 4, contextLength: 8192, notes: [] });
  });

  test("and one of 12 GiB holds as many layers as fit beside the cache of all slots", async () => {
    const fitted = await plan({ vram: 12 * GIB });
    // Every layer takes 512 MiB and 128 MiB of cache for 4 times 8192 tokens.
    expect(fitted.gpuLayers).toBe(18);
    expect(fitted.need.vram).toBeLessThanOrEqual(12 * GIB);
    expect(fitted.notes).toEqual(["18 of 32 layers fit on the GPU; the others run on the CPU"]);
  });

  test("none are put on a GPU that is full", async () => {
    expect(await plan({ vram: GIB / 8 })).toMatchObject({ gpuLayers: 0, slots: 4 });
  });

  test("what does not fit on it has to fit into memory", async () => {
    expect(await plan({ vram: 12 * GIB, ram: 8 * GIB })).toMatchObject({
      gpuLayers: 19,
      contextLength: 6144,
    });
  });

  test("layers that were asked for are put there", async () => {
    expect(await plan({ vram, gpuLayers: 10 })).toMatchObject({ gpuLayers: 10, notes: [] });
  });

  test("more layers than the model has are all, with a note", async () => {
    expect(await plan({ vram, gpuLayers: 99 })).toMatchObject({
      gpuLayers: 32,
      notes: ["gpu_layers reduced to 32: the model has no more"],
    });
  });

  test("layers that were asked for and do not fit are refused, with what is free", async () => {
    await expect(plan({ vram: 4 * GIB, gpuLayers: 32 })).rejects.toMatchObject({
      code: "insufficient_memory",
      message: expect.stringContaining("on the GPU, where 4.0 GiB are free"),
    });
  });
});

test("memory that CPU and GPU share is counted once", async () => {
  expect(await plan({ vram: 16 * GIB, ram: 24 * GIB, unified: true })).toMatchObject({
    gpuLayers: 32,
    slots: 4,
  });
  await expect(plan({ vram: 16 * GIB, ram: 12 * GIB, unified: true })).rejects.toMatchObject({
    code: "insufficient_memory",
  });
});
