import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { bytesAddedByRearranging, worthMapping } from "../../src/engine/worker/rearranged.ts";
import type { MemoryUse } from "../../src/engine/engine.ts";
import { LlamaEngine } from "../../src/engine/process.ts";
import { GgufHeader } from "../../src/formats/gguf/header.ts";
import { readGgufFile } from "../../src/formats/gguf/read.ts";
import type { EstimateAnswer } from "../../src/schemas/estimate.ts";
import { sketchOfHeaders } from "../../src/services/model-sketch.ts";
import { EngineProcess } from "../support/engine-process.ts";
import { HubStandIn } from "../support/hub-stand-in.ts";
import { descendants, pss } from "../support/processes.ts";
import { writeRandomLora } from "../support/random-lora.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { generateRequest, loadSpec } from "../support/real-model.ts";
import { startRealServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(120_000);

const MIB = 2 ** 20;

const engine = new LlamaEngine({
  watchdog: { heartbeatTimeoutMs: 60_000, stepFactor: 100, stepFloorMs: 60_000, loadStallMs: 60_000 },
});

const total = ({ weights, kvCache, compute }: MemoryUse) => weights + kvCache + compute;

const estimate = (path: string, changes = {}) =>
  engine.estimate(
    { ...loadSpec({ path }), reclaimable: { ram: 0, vram: 0 }, ...changes },
    new AbortController().signal,
  );

/** What an engine takes once it has loaded that. */
async function loadedMemory(spec: Parameters<EngineProcess["load"]>[0]): Promise<MemoryUse> {
  await using loaded = new EngineProcess();
  const ready = await loaded.load(spec);
  if (ready.type === "failed") throw new Error(ready.error.message);
  return ready.info.memory;
}

describe("an estimate by llama.cpp", () => {
  test.each([
    ["known", (size: number) => size],
    ["told by nobody", () => Number.MAX_SAFE_INTEGER],
  ])("needs a header alone, the size being %s, and is what the load then takes", async (_size, sizeOf) => {
    await using folder = await temporaryFolder();
    const path = await writeRandomModel(join(folder.path, "whole.gguf"), { quantisation: "Q8_0", layers: 3 });
    const read = await readGgufFile(path, "whole.gguf");
    const { version, metadata, tensors, dataOffset } = read;
    const header = new GgufHeader({
      version,
      metadata,
      tensors,
      dataOffset,
      fileSize: sizeOf(read.fileSize),
    });
    const bytes = new Uint8Array((await readFile(path)).subarray(0, header.dataOffset));
    const remote = { name: "user/repo/hole.gguf", url: "", repo: null, size: null, sha256: null, etag: null };
    await using sketch = await sketchOfHeaders([remote], async () => ({ header, bytes }));
    expect((await stat(sketch.path)).blocks * 512).toBeLessThan(bytes.length + 65_536);
    const judged = await estimate(sketch.path, { contextLength: 1024, parallel: 2 });
    const taken = await loadedMemory({ path, contextLength: 1024, parallel: 2 });
    const { weights, kvCache, compute } = judged.chosen?.memory ?? { weights: 0, kvCache: 0, compute: 0 };
    expect(judged).toMatchObject({ quantisation: "Q8_0", trainedContextLength: 2048, device: "cpu" });
    expect(kvCache).toBe(taken.kvCache);
    expect(Math.abs(weights - taken.weights)).toBeLessThan(MIB);
    expect(Math.abs(compute - taken.compute)).toBeLessThan(MIB);
  });

  test("counts what the processor makes of weights that are large enough to tell", async () => {
    await using folder = await temporaryFolder();
    const path = await writeRandomModel(join(folder.path, "wide.gguf"), {
      quantisation: "Q8_0",
      layers: 1,
      embedding: 1024,
      heads: 8,
      feedForward: 4096,
    });
    const options = { contextLength: 1024, parallel: 2 };
    const judged = await estimate(path, options);
    const taken = await loadedMemory({ path, ...options });
    expect(Math.abs(judged.chosen!.memory.weights - taken.weights)).toBeLessThan(MIB);
    expect(Math.abs(total(judged.chosen!.memory) - total(taken))).toBeLessThan(MIB);
  });

  test("counts a draft model and adapters, and is what the load then takes", async () => {
    await using folder = await temporaryFolder();
    const path = await writeRandomModel(join(folder.path, "m.gguf"), { embedding: 512, heads: 8 });
    const lora = await writeRandomLora(join(folder.path, "lora.gguf"), 512, 512);
    const options = { contextLength: 1024, parallel: 2, memoryBudget: 2 ** 30 };
    const plain = await estimate(path, options);
    const beside = { draft: path, loras: [{ path: lora, scale: 1 }] };
    const judged = await estimate(path, { ...options, ...beside });
    const memory = judged.chosen!.memory;
    expect(memory.weights).toBeGreaterThan(2 * plain.chosen!.memory.weights + Bun.file(lora).size - MIB / 8);
    expect(memory.kvCache).toBe(2 * plain.chosen!.memory.kvCache);
    expect(judged.available).toEqual(plain.available);
    const taken = await loadedMemory({ path, ...options, ...beside });
    expect(Math.abs(memory.weights - taken.weights)).toBeLessThan(MIB);
    expect(Math.abs(total(memory) - total(taken))).toBeLessThan(MIB);
  });

  test("of the context leaves half the bytes to a cache of 8 bits", async () => {
    await using folder = await temporaryFolder();
    const path = await writeRandomModel(join(folder.path, "m.gguf"), {
      heads: 2,
      kvHeads: 2,
      embedding: 128,
    });
    const whole = await estimate(path);
    const half = await estimate(path, { kvCacheType: "q8_0" });
    expect(half.asked.memory.kvCache / whole.asked.memory.kvCache).toBeCloseTo(8.5 / 16, 5);
  });

  test("refuses what is no model with the reason", async () => {
    await using folder = await temporaryFolder();
    const path = await writeRandomModel(join(folder.path, "m.gguf"));
    await truncate(path, 2000);
    await expect(estimate(path)).rejects.toMatchObject({ code: "model_load_failed" });
  });

  test("leaves no process behind when nobody waits for it any more", async () => {
    const before = await descendants(process.pid);
    const leaving = new AbortController();
    const spec = { ...loadSpec({ path: "/nowhere.gguf" }), reclaimable: { ram: 0, vram: 0 } };
    const judged = engine.estimate(spec, leaving.signal);
    const children = await descendants(process.pid);
    leaving.abort(new Error("the client left"));
    await expect(judged).rejects.toThrow("the client left");
    const left = await descendants(process.pid);
    expect(left.filter((pid) => children.includes(pid) && !before.includes(pid))).toEqual([]);
  });
});

test("an engine with its context filled has grown by what was estimated, rearranged weights included", async () => {
  await using folder = await temporaryFolder();
  const path = await writeRandomModel(join(folder.path, "m.gguf"), {
    quantisation: "Q4_0",
    layers: 2,
    embedding: 512,
    feedForward: 2048,
    heads: 8,
    kvHeads: 8,
    vocabulary: 32_000,
  });
  const spec = { path, contextLength: 1024, parallel: 2 };
  const { chosen } = await estimate(path, spec);
  await using loaded = new EngineProcess();
  await loaded.receive("heartbeat");
  const before = await pss(loaded.child.pid);
  await loaded.load(spec);
  const tokens = Array.from({ length: 1000 }, (_, index) => 300 + (index % 97));
  await Promise.all(
    [1, 2].map((id) =>
      loaded.generate(generateRequest(`${id}`, { prompt: { kind: "tokens", tokens }, maxTokens: 20 })),
    ),
  );
  const grown = (await pss(loaded.child.pid)) - before;
  const { weights, kvCache, compute } = chosen?.memory ?? { weights: 0, kvCache: 0, compute: 0 };
  expect(Math.abs(grown - weights - kvCache - compute)).toBeLessThan(50 * MIB);
});

test("files whose weights the processor rearranges are read and not mapped", () => {
  expect(worthMapping(["F32", "F16"], "x64")).toBe(true);
  expect(worthMapping(["F32", "Q8_0", "Q6_K"], "x64")).toBe(true);
  expect(worthMapping(["F32", "Q4_0"], "x64")).toBe(false);
  expect(worthMapping(["Q6_K", "Q4_K"], "x64")).toBe(false);
  expect(worthMapping(["Q8_0"], "x64-amx")).toBe(false);
  expect(worthMapping(["F16"], "x64-amx")).toBe(false);
  expect(worthMapping(["Q8_0"], "arm64")).toBe(false);
  expect(worthMapping(["Q4_0"], null)).toBe(true);
});

test("what rearranging adds to the weights is counted, once for a matrix that is multiplied with", () => {
  const weights = { name: "blk.0.ffn_up.weight", type: "Q8_0", shape: [64, 32] };
  const table = { name: "token_embd.weight", type: "Q8_0", shape: [64, 320] };
  const output = { name: "output.weight", type: "Q8_0", shape: [64, 320] };
  expect(bytesAddedByRearranging([weights], "x64-amx")).toBe((64 * 32) / 8);
  expect(bytesAddedByRearranging([table], "x64-amx")).toBe((64 * 320) / 8);
  expect(bytesAddedByRearranging([table, output], "x64-amx")).toBe((64 * 320) / 8);
  expect(bytesAddedByRearranging([{ ...weights, shape: [64, 33] }], "x64-amx")).toBe(0);
  expect(bytesAddedByRearranging([{ ...weights, shape: [64, 32, 8] }], "x64-amx")).toBe(0);
  expect(bytesAddedByRearranging([{ ...weights, type: "Q4_0" }], "x64-amx")).toBe(0);
  expect(bytesAddedByRearranging([weights], "x64")).toBe(0);
});

test("the server estimates a model on its disk", async () => {
  await using folder = await temporaryFolder();
  await writeRandomModel(join(folder.path, "mine.gguf"), { contextLength: 4096 });
  await using server = await startRealServer(folder.path);
  const response = await fetch(`${server.url}/models/estimate?model=mine.gguf&context_length=1024`);
  const answer = (await response.json()) as EstimateAnswer;
  expect(answer).toMatchObject({ fits: "whole", on_disk: true, context_length: 1024, slots: 4 });
  expect(answer.memory.total).toBe(answer.memory.weights + answer.memory.kv_cache + answer.memory.compute);
});

test("the server estimates a model on the hub by its header alone", async () => {
  await using folder = await temporaryFolder();
  const shape = { layers: 4, embedding: 512, feedForward: 1024, contextLength: 8192 };
  const model = await Bun.file(await writeRandomModel(join(folder.path, "m.gguf"), shape)).bytes();
  await using hub = await HubStandIn.start();
  hub.add("user/repo", { files: { "m-F16.gguf": model } });
  await using server = await startRealServer(join(folder.path, "models"), { hubEndpoint: hub.endpoint });
  const ask = async (query: string) =>
    (await (await fetch(`${server.url}/models/estimate?${query}`)).json()) as EstimateAnswer;
  const fitting = await ask("model=user/repo:F16&context_length=1024&parallel=1");
  expect(fitting).toMatchObject({
    file: "user/repo/m-F16.gguf",
    file_size: model.length,
    on_disk: false,
    quantisation: "F16",
    fits: "whole",
    context_length: 1024,
  });
  expect(hub.sent).toBeLessThan(model.length);
});
