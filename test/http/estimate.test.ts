import { describe, expect, test } from "bun:test";
import { loadFailed } from "../../src/errors.ts";
import type { EstimateAnswer } from "../../src/schemas/estimate.ts";
import { startServer, TEST_MODEL } from "../support/server.ts";

/** Of the test server. */
const FREE = 6e9;

async function estimate(url: string, query: string): Promise<EstimateAnswer> {
  const response = await fetch(`${url}/models/estimate?${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as EstimateAnswer;
}

const deploy = (url: string, body: object) =>
  fetch(`${url}/deploy`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

describe("an estimate", () => {
  test("tells what a model would be loaded with, what it takes and how fast it would be", async () => {
    await using server = await startServer({ weightBytes: 2e9 }, { deploy: null });
    expect(await estimate(server.url, "model=new&context_length=2048&parallel=2")).toEqual({
      model_name: "new",
      file: "new",
      file_size: 4_000_000,
      on_disk: true,
      architecture: "llama",
      quantisation: "Q4_K_M",
      parameters: 1_000_000,
      trained_context_length: 4096,
      fits: "whole",
      message:
        "The model fits: it takes 1.9 GiB (weights 1.9 GiB, KV cache 4 MiB for 2 × 2048 tokens, buffers 488 KiB), and 5.6 GiB of memory are free",
      device: "cpu",
      context_length: 2048,
      slots: 2,
      gpu_layers: 0,
      total_layers: 2,
      memory: { total: 2_004_596_000, weights: 2e9, kv_cache: 4_096_000, compute: 500_000, gpu: 0 },
      available: { ram: FREE, vram: 0, reclaimable: 0 },
      disk_available: 6e10,
      speed: {
        class: "readable",
        tokens_per_second: 6,
        basis: expect.stringContaining("1.9 GiB of weights at about 18.6 GiB/s from memory"),
      },
      notes: [],
      alternatives: [],
    });
  });

  test("is the same for a deployment that is only tried, and nothing is deployed", async () => {
    await using server = await startServer({}, { deploy: null });
    const tried = await deploy(server.url, { model_name: "new", dry_run: true, force: true });
    expect(await tried.json()).toEqual(await estimate(server.url, "model=new"));
    expect(server.manager.list()).toEqual([]);
  });

  test("says what is reduced, and which smaller file would do", async () => {
    await using server = await startServer({ weightBytes: FREE - 3e6 }, { deploy: null });
    expect(await estimate(server.url, "model=new")).toMatchObject({
      fits: "reduced",
      context_length: 512,
      notes: ["reduced to what fits"],
      alternatives: [
        { kind: "quantisation", model_name: "model-Q3_K_M.gguf", memory_bytes: expect.any(Number) },
      ],
    });
  });

  test("offers a shorter context where the one asked for is too long", async () => {
    await using server = await startServer({ weightBytes: FREE - 3e6 }, { deploy: null });
    const { fits, alternatives } = await estimate(server.url, "model=new&context_length=4096");
    expect(fits).toBe("none");
    expect(alternatives).toMatchObject([
      { kind: "context", model_name: "new", context_length: 512 },
      { kind: "quantisation", model_name: "model-Q3_K_M.gguf" },
    ]);
  });

  test("counts a single slot as one", async () => {
    await using server = await startServer({ weightBytes: FREE - 1.5e6 }, { deploy: null });
    const { alternatives } = await estimate(server.url, "model=new&context_length=4096");
    expect(alternatives[0]?.message).toContain("a context of 512 tokens in 1 slot, which");
  });

  test("offers another model where this one is too large with any context", async () => {
    await using server = await startServer({ weightBytes: 20 * FREE }, { deploy: null });
    const { fits, alternatives } = await estimate(server.url, "model=new");
    expect(fits).toBe("none");
    expect(alternatives).toMatchObject([{ kind: "model", model_name: expect.stringContaining("/") }]);
  });

  test("takes the options of a deployment that decide on memory", async () => {
    await using server = await startServer({}, { deploy: null });
    const options = "kv_cache_type=q8_0&flash_attention=true&draft_model=small&gpu_layers=0&device=cpu";
    await estimate(server.url, `model=new&${options}`);
    expect(server.engine.estimates).toMatchObject([
      { kvCacheType: "q8_0", flashAttention: true, draft: "/models/small", gpuLayers: 0, device: "cpu" },
    ]);
    const off = await fetch(
      `${server.url}/models/estimate?model=new&flash_attention=false&kv_cache_type=q8_0`,
    );
    expect(await off.json()).toMatchObject({ error: { param: "flash_attention" } });
    expect((await fetch(`${server.url}/models/estimate?model=new&flash_attention=off`)).status).toBe(400);
  });

  test("of a name that stands for nothing tells so, by the field of this endpoint", async () => {
    await using server = await startServer({}, { deploy: null, realFiles: true });
    const response = await fetch(`${server.url}/models/estimate?model=nothing.gguf`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "model_not_found", param: "model" } });
  });

  test("counts the memory of models that lie idle, and not of pinned ones", async () => {
    await using server = await startServer({ weightBytes: FREE + 1e6 }, { deploy: null });
    await server.manager.deploy({ model_name: "idle", wait: true });
    const { fits, available, message } = await estimate(server.url, "model=new");
    expect(available.reclaimable).toBe(5_500_000);
    expect(fits).toBe("after_eviction");
    expect(message).toContain("once models that lie idle have given 5 MiB back");
    await server.manager.undeploy("idle");
    await server.manager.deploy({ model_name: "idle", pinned: true, wait: true });
    expect(await estimate(server.url, "model=new")).toMatchObject({
      fits: "none",
      available: { reclaimable: 0 },
    });
  });

  test.each([
    ["", 400, "missing_required_parameter"],
    ["model=new&context_length=0", 400, "invalid_value"],
    ["model=new&context_length=100000", 400, "invalid_value"],
  ])("of '%s' is refused", async (query, status, code) => {
    await using server = await startServer({}, { deploy: null });
    const response = await fetch(`${server.url}/models/estimate?${query}`);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });
});

describe("a deployment that does not fit", () => {
  test("is refused with the numbers and what to take instead, and clients do not try again", async () => {
    await using server = await startServer({ weightBytes: FREE - 3e6 }, { deploy: null });
    const response = await deploy(server.url, { model_name: "new", context_length: 4096 });
    expect(response.status).toBe(400);
    expect(response.headers.get("x-should-retry")).toBe("false");
    const { error } = (await response.json()) as { error: { message: string; code: string } };
    expect(error.code).toBe("insufficient_memory");
    expect(error.message).toContain("KV cache 16 MiB for 4 × 4096 tokens");
    expect(error.message).toContain("5.6 GiB of memory are free");
    expect(error.message).toContain("Instead: take a context of 512 tokens");
    expect(error.message).toContain("take model-Q3_K_M.gguf");
    expect(server.manager.list()).toEqual([]);
  });

  test("goes on by force, with whatever memory there is", async () => {
    await using server = await startServer({ weightBytes: 1e12 }, { deploy: null });
    const body = { model_name: "new", context_length: 4096, force: true, wait: true };
    expect((await deploy(server.url, body)).status).toBe(200);
    expect(server.engine.models[0]?.spec.memoryBudget).toBe(Infinity);
    expect(server.engine.estimates).toEqual([]);
  });

  test("goes on where idle models can make room", async () => {
    await using server = await startServer({ weightBytes: FREE + 1e6 });
    const response = await deploy(server.url, { model_name: "new", context_length: 512, parallel: 1 });
    expect(response.status).toBe(200);
    expect(server.manager.list().map(({ model_name }) => model_name)).toContain(TEST_MODEL);
  });
});

test("a model that is deployed and could not be loaded once more is told to be deployed", async () => {
  await using server = await startServer({}, { deploy: null });
  await server.manager.deploy({ model_name: "mine", pinned: true, wait: true });
  server.engine.script.weightBytes = 1e12;
  const response = await deploy(server.url, { model_name: "mine", context_length: 512 });
  expect(await response.json()).toMatchObject({ error: { code: "already_deployed" } });
  expect(server.engine.estimates).toEqual([]);
});

test("estimates are worked out two at a time, however many are asked for", async () => {
  await using server = await startServer({}, { deploy: null });
  const { engine } = server;
  const work = engine.estimate.bind(engine);
  let [now, most] = [0, 0];
  engine.estimate = async (...asked) => {
    most = Math.max(most, ++now);
    await Bun.sleep(5);
    return work(...asked).finally(() => now--);
  };
  const asked = Array.from({ length: 8 }, () => estimate(server.url, "model=new"));
  expect((await Promise.all(asked)).map(({ fits }) => fits)).toEqual(Array.from(asked, () => "whole"));
  expect(most).toBe(2);
});

test("a deployment that fits once models at work are done is not refused, and waits for them", async () => {
  await using server = await startServer({ weightBytes: FREE + 1e6 });
  server.engine.models[0]!.activity.busySlots = 1;
  const body = { model_name: "new", context_length: 512, parallel: 1 };
  expect(await (await deploy(server.url, { ...body, dry_run: true })).json()).toMatchObject({ fits: "none" });
  expect((await deploy(server.url, body)).status).toBe(200);
});

test("a file far smaller than the free memory is deployed without an estimate", async () => {
  await using server = await startServer({}, { deploy: null });
  expect((await deploy(server.url, { model_name: "new" })).status).toBe(200);
  expect(server.engine.estimates).toEqual([]);
});

test("a device that is named is looked for before anything loads, however small the file", async () => {
  await using server = await startServer({}, { deploy: null });
  server.engine.estimate = () => Promise.reject(loadFailed("No CUDA driver", "device_unavailable", "device"));
  const response = await deploy(server.url, { model_name: "new", device: "cuda" });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { code: "device_unavailable", param: "device" } });
  expect(server.manager.list()).toEqual([]);
});
