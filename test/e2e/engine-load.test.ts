import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { string } from "../../src/formats/gguf/metadata.ts";
import { writeGguf } from "../../src/formats/gguf/write.ts";
import type { LoadSpec, ModelInfo } from "../../src/engine/engine.ts";
import type { WireError } from "../../src/errors.ts";
import { EngineProcess } from "../support/engine-process.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A file in a folder of its own, written by `write`. */
async function fileFrom(
  write: (path: string) => Promise<unknown>,
): Promise<AsyncDisposable & { path: string }> {
  const folder = await temporaryFolder();
  const path = join(folder.path, "model.gguf");
  await write(path);
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe("a model", () => {
  /** Loaded in a process of its own. */
  async function loaded(spec: Partial<LoadSpec> & { path: string }) {
    await using engine = new EngineProcess();
    const answer = await engine.load(spec);
    if (answer.type === "failed") throw new Error(answer.error.message);
    const fractions = engine.messages.flatMap((message) =>
      message.type === "progress" ? [message.fraction] : [],
    );
    return { info: answer.info, fractions, pid: engine.child.pid };
  }

  const total = ({ memory }: ModelInfo) => memory.weights + memory.kvCache + memory.compute;

  test("gets all it asks for where a little more memory than that is free", async () => {
    await using file = await fileFrom((path) => writeRandomModel(path, { contextLength: 8192, layers: 4 }));
    const { info: roomy } = await loaded({ path: file.path });
    const { info: tight } = await loaded({ path: file.path, memoryBudget: Math.round(total(roomy) * 1.1) });
    expect([tight.slots, tight.contextLength, tight.notes]).toEqual([roomy.slots, roomy.contextLength, []]);
  });

  test("on the CPU, though any device would do, tells that layers for a GPU have no effect", async () => {
    await using file = await fileFrom((path) => writeRandomModel(path));
    const { info } = await loaded({ path: file.path, device: "auto", gpuLayers: 2 });
    const note = "gpu_layers has no effect: the model runs on the CPU";
    expect(info.notes.includes(note)).toBe(info.device === "cpu");
  });

  test("tells what it is and what it takes", async () => {
    await using file = await fileFrom((path) => writeRandomModel(path, { quantisation: "Q8_0", layers: 3 }));
    const { info, fractions, pid } = await loaded({ path: file.path });
    expect(info).toMatchObject({
      architecture: "llama",
      quantisation: "Q8_0",
      fileSize: Bun.file(file.path).size,
      trainedContextLength: 2048,
      contextLength: 2048,
      slots: 4,
      hasChatTemplate: true,
      device: "cpu",
      layers: { gpu: 0, total: 4 },
      pid,
      notes: [],
    });
    // Keys and values of 64 numbers of two bytes, for 3 layers, 4 slots and 2048 positions.
    expect(info.memory.kvCache).toBe(2 * 64 * 2 * 3 * 4 * 2048);
    expect(info.memory.weights).toBeGreaterThan(info.parameters);
    expect(info.memory.compute).toBeGreaterThan(0);
    expect(info.memory.gpu).toBe(0);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  });

  test("that has little memory gets fewer slots or less context, and says so", async () => {
    await using file = await fileFrom((path) => writeRandomModel(path, { contextLength: 8192, kvHeads: 4 }));
    const { info } = await loaded({ path: file.path, memoryBudget: 46 * 2 ** 20 });
    expect(info.contextLength * info.slots).toBeLessThan(4 * 8192);
    expect(info.notes.length).toBeGreaterThan(0);
    expect(total(info)).toBeLessThanOrEqual(46 * 2 ** 20);
  });

  test("keeps a context that is no multiple of what llama.cpp pads to", async () => {
    await using file = await fileFrom(writeRandomModel);
    const { info } = await loaded({ path: file.path, contextLength: 100, parallel: 1 });
    expect(info).toMatchObject({ contextLength: 100, slots: 1 });
  });
});

describe("a load is refused", () => {
  let engine: EngineProcess;
  beforeAll(() => {
    engine = new EngineProcess();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  async function refusal(spec: Partial<LoadSpec> & { path: string }): Promise<WireError> {
    const answer = await engine.load(spec);
    if (answer.type === "ready") throw new Error("it was loaded");
    return answer.error;
  }

  test("with the reason, for a file that is no GGUF", async () => {
    await using file = await fileFrom((path) => Bun.write(path, "PK\u0003\u0004 and so on, for a while"));
    expect(await refusal(file)).toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("no GGUF file"),
    });
  });

  test("with the reason, for a file whose header is cut short", async () => {
    await using file = await fileFrom(async (path) => {
      await writeRandomModel(path);
      await truncate(path, 2000);
    });
    expect(await refusal(file)).toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("truncated"),
    });
  });

  test("with the reason, for a file whose weights are cut short", async () => {
    await using file = await fileFrom(async (path) => {
      await writeRandomModel(path);
      await truncate(path, Bun.file(path).size - 10_000);
    });
    expect(await refusal(file)).toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("truncated"),
    });
  });

  test("with its name, for an architecture llama.cpp does not know", async () => {
    await using file = await fileFrom((path) =>
      writeGguf(path, {
        metadata: new Map([["general.architecture", string("perpetuum")]]),
        tensors: [
          { name: "token_embd.weight", shape: [32, 32], type: "F32", data: () => new Float32Array(1024) },
        ],
      }),
    );
    expect(await refusal(file)).toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("'perpetuum'"),
    });
  });

  test("with its path no longer there", async () => {
    expect(await refusal({ path: "/nowhere/model.gguf" })).toMatchObject({
      code: "model_load_failed",
    });
  });

  test("with both numbers, for a context above the trained one", async () => {
    await using file = await fileFrom(writeRandomModel);
    expect(await refusal({ ...file, contextLength: 4096 })).toMatchObject({
      status: 400,
      param: "context_length",
      message: expect.stringMatching(/4096.*2048/),
    });
  });

  test("with numbers, when it does not fit into memory", async () => {
    await using file = await fileFrom(writeRandomModel);
    expect(await refusal({ ...file, memoryBudget: 2 ** 20 })).toMatchObject({
      code: "insufficient_memory",
      message: expect.stringMatching(/weights take 835 KiB.*1 MiB of memory are available/),
    });
  });

  test("with what is there and what is missing, for a device that is not there", async () => {
    await using file = await fileFrom(writeRandomModel);
    expect(await refusal({ ...file, device: "metal" })).toMatchObject({
      status: 400,
      code: "device_unavailable",
    });
  });
});
