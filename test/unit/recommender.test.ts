import { describe, expect, test } from "bun:test";
import type { Purpose } from "../../src/schemas/recommendation.ts";
import { cacheBytes } from "../../src/services/catalogue/catalogue-estimator.ts";
import { CATALOGUE, deployName } from "../../src/services/catalogue/catalogue.ts";
import { type Hardware, recommend } from "../../src/services/recommender.ts";

const GIB = 2 ** 30;
const GB = 1e9;

const LAPTOP: Hardware = { ram: 2.6 * GIB, vram: 0, disk: null, bandwidth: { ram: 20 * GB, vram: null } };
const VM: Hardware = { ram: 14 * GIB, vram: 0, disk: null, bandwidth: { ram: 40 * GB, vram: null } };
const WORKSTATION: Hardware = {
  ram: 58 * GIB,
  vram: 23.5 * GIB,
  disk: null,
  bandwidth: { ram: 60 * GB, vram: 936 * GB },
};
const SERVER: Hardware = {
  ram: 900 * GIB,
  vram: 8 * 79 * GIB,
  disk: null,
  bandwidth: { ram: 100 * GB, vram: 3350 * GB },
};

async function best(purpose: Purpose, hardware: Hardware) {
  const { recommendations } = await recommend(purpose, hardware);
  const [first] = recommendations;
  if (!first) throw new Error("nothing was recommended");
  return first;
}

describe("a laptop with 4 GB, of which 2.6 GiB are free", () => {
  test("gets models of one or two billion parameters that answer at reading speed", async () => {
    const { recommendations, tier, tiers } = await recommend("chat", LAPTOP);
    expect(tier).toBe("small");
    expect(tiers).toMatchObject({ medium: [], large: [], xlarge: [] });
    const [first] = recommendations;
    expect(first?.parameters).toBeLessThan(3e9);
    expect(first?.parameters).toBeGreaterThan(1e9);
    expect(first).toMatchObject({ fits: "memory", context_length: 8192 });
    expect(first?.speed.class).not.toBe("slow");
  });

  test("is told what does not fit, after all that does", async () => {
    const fits = (await recommend("chat", LAPTOP)).recommendations.map((one) => one.fits !== "none");
    expect(fits).toContain(false);
    expect(fits).toEqual(fits.toSorted((a, b) => Number(b) - Number(a)));
  });
});

describe("a virtual machine with 16 GB and no GPU", () => {
  test("gets a mixture of experts that is quick on a processor, with room for its context", async () => {
    const first = await best("chat", VM);
    expect(first.active_parameters).toBeLessThan(first.parameters / 2);
    expect(first).toMatchObject({ fits: "memory", context_length: 8192, slots: 2 });
    expect(first.memory_bytes).toBeLessThan(0.9 * VM.ram);
    expect(["fast", "comfortable"]).toContain(first.speed.class);
  });

  test("is offered no dense model of 27 billion parameters, which would crawl if it fitted", async () => {
    const { recommendations } = await recommend("chat", VM);
    const dense = recommendations.find(({ name }) => name === "Qwen3.6 27B");
    const rank = recommendations.findIndex(({ name }) => name === "Qwen3.6 27B");
    expect(dense === undefined || dense.fits === "none" || rank > 5).toBe(true);
  });
});

describe("64 GB of memory and a GPU of 24 GB", () => {
  test("get a model of some 30 billion parameters that lies wholly on the GPU", async () => {
    const first = await best("chat", WORKSTATION);
    expect(first.fits).toBe("gpu");
    expect(first.gpu_layers).toBe(first.total_layers);
    expect(first.parameters).toBeGreaterThan(25e9);
    expect(first.memory_bytes).toBeLessThan(WORKSTATION.vram);
  });

  test("can share a mixture of experts of 80 billion parameters between both, for code", async () => {
    const { recommendations } = await recommend("code", WORKSTATION);
    const split = recommendations.slice(0, 3).find(({ fits }) => fits === "split");
    expect(split?.parameters).toBe(80e9);
    expect(split?.gpu_layers).toBeLessThan(split?.total_layers ?? 0);
  });
});

describe("eight GPUs of 80 GB", () => {
  test("get the largest model of the catalogue, and everything on the GPUs", async () => {
    const { recommendations, tier } = await recommend("chat", SERVER);
    expect(tier).toBe("xlarge");
    expect(recommendations[0]?.name).toBe("gpt-oss 120B");
    expect(recommendations.every(({ fits }) => fits === "gpu")).toBe(true);
  });

  test("get finer weights than four bits, for there is room", async () => {
    const { recommendations } = await recommend("chat", SERVER);
    const fine = recommendations.filter(({ quantisation }) => quantisation === "Q8_0");
    expect(fine.length).toBeGreaterThan(recommendations.length / 2);
  });
});

test("every purpose has something for every machine", async () => {
  for (const purpose of ["chat", "code", "tools", "embeddings", "rerank"] as const)
    for (const hardware of [LAPTOP, VM, WORKSTATION, SERVER]) {
      const first = await best(purpose, hardware);
      expect(first.fits).not.toBe("none");
      expect(first.purposes).toContain(purpose);
    }
});

test("a machine without memory is told that nothing fits", async () => {
  const answer = await recommend("chat", { ...LAPTOP, ram: 0.2 * GIB });
  expect(answer.tier).toBeNull();
  expect(answer.recommendations.every(({ fits }) => fits === "none")).toBe(true);
});

describe("the catalogue", () => {
  test("has at least 25 models from 0.3 to 120 billion parameters", () => {
    const sizes = CATALOGUE.map(({ parameters }) => parameters);
    expect(CATALOGUE.length).toBeGreaterThanOrEqual(25);
    expect(Math.min(...sizes)).toBeLessThanOrEqual(0.31e9);
    expect(Math.max(...sizes)).toBeGreaterThan(110e9);
  });

  test.each(CATALOGUE.map((model) => [model.name, model] as const))(
    "holds together for %s",
    (_name, model) => {
      expect(model.repository).toMatch(/^[\w.-]+\/[\w.-]+$/);
      expect(Object.keys(model.rating).length).toBeGreaterThan(0);
      for (const source of model.sources) {
        expect(source.url).toMatch(/^https?:\/\//);
        expect(source.date).toMatch(/^202\d-\d\d-\d\d$/);
      }
      expect(model.sources.length).toBeGreaterThan(0);
      const sizes = model.files.map(({ bytes }) => bytes);
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
      // Between two bits a weight and sixteen, and some more for what is not quantised.
      for (const bytes of sizes) {
        expect((bytes * 8) / model.parameters).toBeGreaterThan(2);
        expect((bytes * 8) / model.parameters).toBeLessThan(18);
      }
      expect(model.cache.reduce((sum, { layers }) => sum + layers, 0)).toBeLessThanOrEqual(model.layers);
    },
  );

  test("names files as they are deployed", () => {
    const names = CATALOGUE.flatMap((model) => model.files.map((file) => deployName(model, file)));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("unsloth/Qwen3.5-9B-GGUF:Q4_K_M");
    expect(names).toContain("Qwen/Qwen2.5-Coder-7B-Instruct-GGUF/qwen2.5-coder-7b-instruct-q4_k_m.gguf");
  });

  test("has the KV caches that their makers' numbers give", () => {
    const full = (name: string, tokens: number) => {
      const model = CATALOGUE.find((one) => one.name === name);
      return cacheBytes(model?.cache ?? [], tokens) / GIB;
    };
    // As fitllm.run computes them for the whole context.
    expect(full("Qwen3.6 27B", 262_144)).toBeCloseTo(16, 1);
    expect(full("Qwen3.6 35B A3B", 262_144)).toBeCloseTo(5, 1);
    expect(full("Gemma 4 31B", 262_144)).toBeCloseTo(20.78, 1);
    expect(full("Gemma 4 26B A4B", 262_144)).toBeCloseTo(5.2, 1);
    expect(full("Gemma 4 E2B", 131_072)).toBeCloseTo(0.76, 1);
  });
});
