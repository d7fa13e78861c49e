import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { readModelFile } from "../../src/engine/worker/model-file.ts";
import { RealModel } from "../support/real-model.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { startRealServer } from "../support/server.ts";
import { writeSplitModel } from "../support/split-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(60_000);

test("a model in several files says what it says in one, and is not loaded without one of them", async () => {
  await using folder = await temporaryFolder();
  await writeRandomModel(join(folder.path, "whole.gguf"));
  const parts = await writeSplitModel(join(folder.path, "split"), 3);
  await using server = await startRealServer(folder.path);
  const say = async (model: string) => {
    await server.manager.deploy({ model_name: model, context_length: 512, wait: true });
    const { choices } = await server.client.completions.create({
      model,
      prompt: "The sea",
      temperature: 0,
      max_tokens: 16,
    });
    return choices[0]?.text ?? "";
  };
  const text = await say("whole.gguf");
  expect(text).not.toBe("");
  expect(await say("split")).toBe(text);
  const sizes = parts.map((path) => Bun.file(path).size);
  const size = sizes.reduce((all, one) => all + one, 0);
  // Of the weights alone, without the heads of the files.
  const status = server.manager.list().find(({ model_name: name }) => name === "split");
  expect(status?.file_size).toBeGreaterThan(size * 0.9);
  expect(status?.file_size).toBeLessThanOrEqual(size);

  await server.manager.undeploy("split");
  await rm(parts[1]!);
  await expect(server.manager.deploy({ model_name: "split", wait: true })).rejects.toMatchObject({
    code: "model_load_failed",
    message: expect.stringContaining("2 of its 3 parts"),
  });
});

describe("a model in several files of which the first has no weights", () => {
  test("answers, and fails with the reason once another is cut short", async () => {
    await using folder = await temporaryFolder();
    const parts = await writeSplitModel(join(folder.path, "split"), 3, { bare: true });
    await using server = await startRealServer(folder.path);
    await server.manager.deploy({ model_name: "split", context_length: 512, wait: true });
    const { usage } = await server.client.completions.create({
      model: "split",
      prompt: "The sea",
      temperature: 0,
      max_tokens: 4,
    });
    expect(usage?.completion_tokens).toBe(4);

    await server.manager.undeploy("split");
    await truncate(parts[2]!, Bun.file(parts[2]!).size - 10_000);
    await expect(server.manager.deploy({ model_name: "split", wait: true })).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("'split-00003-of-00003.gguf' is truncated"),
    });
    expect(server.manager.list()[0]).toMatchObject({ state: "failed", restarts: 0 });
  });

  test("is known by the weights of all files", async () => {
    await using folder = await temporaryFolder();
    const [path = ""] = await writeSplitModel(join(folder.path, "split"), 3, {
      bare: true,
      quantisation: "Q4_0",
    });
    await using model = await RealModel.load();
    const { llama } = model.loaded.context.owner.model;
    const { tensorTypes } = await readModelFile(path, llama);
    expect([...tensorTypes].toSorted()).toEqual(["F32", "Q4_0"]);
  });
});
