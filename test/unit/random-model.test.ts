import { expect, test } from "bun:test";
import { join } from "node:path";
import { readGgufFile } from "../../src/formats/gguf/read.ts";
import { type RandomModelOptions, writeRandomModel } from "../support/random-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function bytesOf(options: RandomModelOptions): Promise<Uint8Array> {
  await using folder = await temporaryFolder();
  return await Bun.file(await writeRandomModel(join(folder.path, "m.gguf"), options)).bytes();
}

test("the same seed gives the same file, another seed another one", async () => {
  const first = await bytesOf({ seed: 3, vocabulary: 600 });
  expect(await bytesOf({ seed: 3, vocabulary: 600 })).toEqual(first);
  expect(await bytesOf({ seed: 4, vocabulary: 600 })).not.toEqual(first);
});

test("every vocabulary from bytes alone to a large one has the size asked for", async () => {
  await using folder = await temporaryFolder();
  for (const vocabulary of [259, 300, 5000]) {
    const path = await writeRandomModel(join(folder.path, "m.gguf"), { vocabulary, embedding: 32, heads: 1 });
    expect((await readGgufFile(path, "m.gguf")).hyperparameter("vocab_size")).toBe(vocabulary);
  }
  await expect(bytesOf({ vocabulary: 258 })).rejects.toThrow("the smallest vocabulary has 259 tokens");
});

test("a tied model has no output matrix", async () => {
  await using folder = await temporaryFolder();
  const path = await writeRandomModel(join(folder.path, "m.gguf"), { tiedOutput: true });
  const names = (await readGgufFile(path, "m.gguf")).tensors.map((tensor) => tensor.name);
  expect(names).toContain("token_embd.weight");
  expect(names).not.toContain("output.weight");
});
