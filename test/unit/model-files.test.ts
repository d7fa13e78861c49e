import { expect, test } from "bun:test";
import { mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeRandomModel } from "../support/random-model.ts";
import { testConfig } from "../support/config.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { testModels } from "../support/test-models.ts";

const none = { eightBit: false, fourBit: false, token: null, onDisk: false };
const eightBit = { ...none, eightBit: true };
const fourBit = { ...none, fourBit: true };

/** A models directory with these files, and what finds them. */
async function models(...names: string[]) {
  const folder = await temporaryFolder();
  const modelsDir = join(folder.path, "models");
  for (const name of names) {
    await mkdir(dirname(join(modelsDir, name)), { recursive: true });
    await Bun.write(join(modelsDir, name), name);
  }
  const { files, library } = testModels(testConfig(join(folder.path, "home"), { modelsDir }));
  return {
    files,
    library,
    modelsDir,
    outside: folder.path,
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

test("guide is the built-in model, whatever lies in the models directory", async () => {
  await using at = await models("guide.gguf");
  const file = await at.files.resolve("guide", none);
  expect(file.path).not.toStartWith(at.modelsDir);
  expect(file).toMatchObject({ name: "guide", fileSize: Bun.file(file.path).size, warnings: [] });
  expect((await at.files.header(file)).architecture).toBe("llama");
});

test("spaces around a name are none of it", async () => {
  await using at = await models("a.gguf");
  for (const name of ["guide", "a.gguf"]) expect((await at.files.resolve(` ${name} `, none)).name).toBe(name);
});

test.each(["a.gguf", "a", "./a.gguf", "a.GGUF"])(
  "a file is found by its path below the directory: %s",
  async (name) => {
    await using at = await models("a.gguf", "b.gguf");
    const path = join(at.modelsDir, "a.gguf");
    expect(await at.files.resolve(name, none)).toEqual({
      name: "a.gguf",
      path,
      parts: [path],
      fileSize: 6,
      warnings: [],
      download: null,
    });
  },
);

test("a file in a folder is found by its path, relative or absolute", async () => {
  await using at = await models("x/y/a-Q8_0.gguf", "b.gguf");
  const path = join(at.modelsDir, "x/y/a-Q8_0.gguf");
  for (const name of ["x/y/a-Q8_0.gguf", "x/y/a-Q8_0", "x/y/a", "x/y/", "x", path, dirname(path)])
    expect(await at.files.resolve(name, none)).toMatchObject({ name: "x/y/a-Q8_0.gguf", path });
});

test.each(["../secret.gguf", "../secret", "x/../../secret.gguf", "..", "/etc/passwd", "/", ".", "a.gguf\0"])(
  "no name leads out of the models directory: %j",
  async (name) => {
    await using at = await models("x/a.gguf");
    await Bun.write(join(at.outside, "secret.gguf"), "secret");
    await expect(at.files.resolve(name, none)).rejects.toMatchObject({
      code: "model_not_found",
      status: 404,
    });
  },
);

test("an absolute path outside is answered alike whether a file is there or not", async () => {
  await using at = await models("x/a.gguf");
  const path = join(at.outside, "secret.gguf");
  const complaint = () => at.files.resolve(path, none).catch((error: Error) => error.message);
  const before = await complaint();
  await Bun.write(path, "secret");
  expect(await complaint()).toBe(before);
});

test("links that lie in the models directory are followed, and a circle of them ends", async () => {
  await using at = await models("x/a.gguf");
  await Bun.write(join(at.outside, "elsewhere/b.gguf"), "b");
  await symlink(join(at.outside, "elsewhere/b.gguf"), join(at.modelsDir, "linked.gguf"));
  await symlink(join(at.outside, "elsewhere"), join(at.modelsDir, "folder"));
  await symlink(at.modelsDir, join(at.modelsDir, "x/circle"));
  await symlink(join(at.outside, "gone.gguf"), join(at.modelsDir, "dangling.gguf"));
  expect((await at.library.list()).map((model) => model.name)).toEqual([
    "folder/b.gguf",
    "linked.gguf",
    "x/a.gguf",
  ]);
});

test("the list holds GGUF files alone: nothing hidden, no projector, no unfinished download", async () => {
  await using at = await models(
    "a.gguf",
    ".b.gguf",
    ".built-in/c.gguf",
    "x/mmproj-d.gguf",
    "e.gguf.part",
    "f.txt",
  );
  expect((await at.library.list()).map((model) => model.name)).toEqual(["a.gguf"]);
});

test("a models directory that is not there holds nothing", async () => {
  await using at = await models();
  expect(await at.library.list()).toEqual([]);
  await expect(at.files.resolve("a", none)).rejects.toThrow("which holds no GGUF file yet");
});

test("a name that is part of others is told them", async () => {
  await using at = await models("user/repo/Tiny-Q8_0.gguf", "user/repo/Tiny-Q4_0.gguf", "other.gguf");
  const refusal = (name: string) => at.files.resolve(name, none).then(String, String);
  expect(await refusal("tiny-q8_0.gguf")).toContain("is 'user/repo/Tiny-Q8_0.gguf' meant?");
  expect(await refusal("tiny")).toContain("is 'user/repo/Tiny-Q4_0.gguf', 'user/repo/Tiny-Q8_0.gguf' meant?");
  expect(await refusal("huge")).toContain("or one of the files on this machine, 'other.gguf', ");
});

const SEVERAL = ["m-Q4_K_M.gguf", "m-Q8_0.gguf", "m.f16.gguf"];

test.each([
  [eightBit, "m-Q8_0.gguf"],
  [fourBit, "m-Q4_K_M.gguf"],
])("the flags choose among several quantisations: %j", async (choice, name) => {
  await using at = await models(...SEVERAL, ...SEVERAL.map((file) => `folder/${file.toLowerCase()}`));
  expect(await at.files.resolve("m", choice)).toMatchObject({ name, warnings: [] });
  expect((await at.files.resolve("folder", choice)).name).toBe(`folder/${name.toLowerCase()}`);
});

test("a name that stands for several files lists them", async () => {
  await using at = await models(...SEVERAL);
  const resolving = at.files.resolve("m", none);
  await expect(resolving).rejects.toMatchObject({
    status: 400,
    code: "ambiguous_model",
    param: "model_name",
  });
  await expect(resolving).rejects.toThrow("deploy one of 'm-Q4_K_M.gguf', 'm-Q8_0.gguf', 'm.f16.gguf'");
});

test("a quantisation that is not there is no other one in silence", async () => {
  await using at = await models("m-Q4_0.gguf", "m-Q8_0.gguf");
  await expect(at.files.resolve("m", fourBit)).rejects.toThrow("'m' has no file of Q4_K_M: deploy one of");
});

test("a plain file beside its quantisations is meant by the plain name, unless a flag says otherwise", async () => {
  await using at = await models("m.gguf", "m-Q8_0.gguf");
  expect((await at.files.resolve("m", none)).name).toBe("m.gguf");
  expect((await at.files.resolve("m", eightBit)).name).toBe("m-Q8_0.gguf");
  expect((await at.files.resolve("m.gguf", eightBit)).name).toBe("m.gguf");
});

test("a name does not stand for files that merely begin alike", async () => {
  await using at = await models("qwen-7b-Q8_0.gguf", "qwen2.gguf");
  await expect(at.files.resolve("qwen", none)).rejects.toMatchObject({ code: "model_not_found" });
});

test("a flag that chose nothing is told as a warning", async () => {
  await using at = await models("m-Q4_0.gguf", "n-Q8_0.gguf");
  expect((await at.files.resolve("m", eightBit)).warnings).toEqual([
    "load_in_8bit has no effect: 'm-Q4_0.gguf' is the only file this name stands for",
  ]);
  expect((await at.files.resolve("n", eightBit)).warnings).toEqual([]);
  expect((await at.files.resolve("guide", fourBit)).warnings).toHaveLength(1);
});

const SPLIT = [1, 2, 3].map((part) => `big-Q8_0-0000${part}-of-00003.gguf`);

test.each([...SPLIT, "big-Q8_0-00001-of-00003", "big-Q8_0", "big"])(
  "a split model is one model, named by its first part: %s",
  async (name) => {
    await using at = await models(...SPLIT.toReversed(), "other.gguf");
    expect((await at.library.list()).length).toBe(2);
    const file = await at.files.resolve(name, none);
    expect(file).toMatchObject({ name: SPLIT[0], path: join(at.modelsDir, SPLIT[0]!), fileSize: 3 * 28 });
    expect(file.parts).toEqual(SPLIT.map((part) => join(at.modelsDir, part)));
  },
);

test("a split model with a part missing is not loaded", async () => {
  await using at = await models(SPLIT[0]!, SPLIT[2]!);
  await expect(at.files.resolve("big", none)).rejects.toThrow("is incomplete: 2 of its 3 parts are there");
});

test.each(["user/repo", "user/repo:Q8_0", `user/repo/${SPLIT[0]}`, `user/repo/${SPLIT[1]}`])(
  "what is missing of a split model is asked of the hub, unless only this machine is meant: %s",
  async (name) => {
    await using at = await models(`user/repo/${SPLIT[0]}`);
    await expect(at.files.resolve(name, none)).rejects.toMatchObject({ code: "hub_unreachable" });
    const here = at.files.resolve(name, { ...none, onDisk: true });
    await expect(here).rejects.toThrow("is incomplete: 1 of its 3 parts are there");
  },
);

test("a part of a split model from an address is not taken for all of it: the others can be asked for", async () => {
  await using at = await models("localhost_1/m-00001-of-00002.gguf");
  const address = "https://localhost:1/m-00001-of-00002.gguf";
  await expect(at.files.resolve(address, none)).rejects.toThrow("localhost:1");
  await expect(at.files.resolve(address, { ...none, onDisk: true })).rejects.toThrow("1 of its 2 parts");
});

test("a model that is not there is answered with those that are, ten at most", async () => {
  await using at = await models(...Array.from({ length: 12 }, (_, i) => `m${10 + i}.gguf`));
  const resolving = at.files.resolve("nope", none);
  await expect(resolving).rejects.toThrow("There is no model 'nope': deploy 'guide', which is built in");
  await expect(resolving).rejects.toThrow("'m10.gguf', ");
  await expect(resolving).rejects.toThrow("'m19.gguf' and 2 more");
});

test.each(["/elsewhere/m.gguf", "../m.gguf", "~/m.gguf"])(
  "a path out of the folders of models is told with these folders, and how to add one: %s",
  async (name) => {
    await using at = await models("a.gguf");
    const resolving = at.files.resolve(name, none);
    await expect(resolving).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    await expect(resolving).rejects.toThrow(at.modelsDir);
    await expect(resolving).rejects.toThrow("BERTH_MODEL_DIRS");
  },
);

test("a folder that is named like a hub's repository is a folder", async () => {
  await using at = await models("user/repo/m-Q8_0.gguf");
  expect((await at.files.resolve("user/repo", none)).name).toBe("user/repo/m-Q8_0.gguf");
  await expect(at.files.resolve("user/other", none)).rejects.toMatchObject({ code: "hub_unreachable" });
});

test("the header of a damaged part is told before anything is loaded", async () => {
  await using at = await models(...SPLIT);
  await writeRandomModel(join(at.modelsDir, SPLIT[0]!));
  const file = await at.files.resolve("big", none);
  await expect(at.files.header(file)).rejects.toThrow(`The file '${SPLIT[1]}' is no GGUF file`);
});

test("a GGUF file without an architecture is no model", async () => {
  await using at = await models("a.gguf");
  await Bun.write(join(at.modelsDir, "a.gguf"), Buffer.from(`GGUF\x03${"\0".repeat(19)}`));
  const file = await at.files.resolve("a", none);
  await expect(at.files.header(file)).rejects.toThrow("holds no model: it names no architecture");
});
