import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readGgufFile } from "../../src/formats/gguf/read.ts";
import { BUILT_IN_MODEL, builtInModel } from "../../src/services/built-in-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the built-in model is a small GGUF file with everything a good one has", async () => {
  await using home = await temporaryFolder();
  const path = await builtInModel(home.path);
  const header = await readGgufFile(path, BUILT_IN_MODEL);
  expect(header).toMatchObject({
    architecture: "llama",
    name: "guide",
    contextLength: 2048,
    hasChatTemplate: true,
  });
  expect(header.text("general.license")).toBe("mit");
  expect(header.fileSize).toBeLessThan(2 * 2 ** 20);
});

test("the file is written once", async () => {
  await using home = await temporaryFolder();
  const path = await builtInModel(home.path);
  const { lastModified } = Bun.file(path);
  expect(await builtInModel(home.path)).toBe(path);
  expect(Bun.file(path).lastModified).toBe(lastModified);
});

test("a damaged file is written again", async () => {
  await using home = await temporaryFolder();
  const path = await builtInModel(home.path);
  const whole = await Bun.file(path).bytes();
  await Bun.write(path, whole.subarray(0, 50_000));
  await builtInModel(home.path);
  expect(await Bun.file(path).bytes()).toEqual(whole);
});

test("servers that start at once all find a whole file, and leave no draft", async () => {
  await using home = await temporaryFolder();
  const paths = await Promise.all(Array.from({ length: 8 }, () => builtInModel(home.path)));
  expect(new Set(paths).size).toBe(1);
  expect((await readGgufFile(paths[0]!, BUILT_IN_MODEL)).architecture).toBe("llama");
  expect(await readdir(dirname(paths[0]!))).toHaveLength(1);
});

test("a home that can not be written to is told with its path", async () => {
  await using home = await temporaryFolder();
  await Bun.write(join(home.path, "models"), "a file where a folder should be");
  await expect(builtInModel(home.path)).rejects.toMatchObject({ code: "model_load_failed" });
  await expect(builtInModel(home.path)).rejects.toThrow(home.path);
});
