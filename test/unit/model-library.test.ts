import { expect, test } from "bun:test";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type LibraryFolders, ModelLibrary } from "../../src/hub/model-library.ts";
import { parseModelName } from "../../src/hub/model-name.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const none = { eightBit: false, fourBit: false };

/** Folders with some files, and the library of them. */
async function shelves(files: Record<string, string>) {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.path, name);
    await mkdir(dirname(path), { recursive: true });
    await Bun.write(path, text);
  }
  const at = (name: string) => join(folder.path, name);
  const folders: LibraryFolders = {
    modelsDir: at("models"),
    modelDirs: [at("other"), at("gone")],
    cacheDir: at("hub"),
  };
  return { at, library: new ModelLibrary(folders), [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

/** A repository as the shared cache keeps it. */
async function cache(root: string, repo: string, files: string[], refs = { main: COMMIT }) {
  const folder = join(root, `models--${repo.replace("/", "--")}`);
  for (const [ref, commit] of Object.entries(refs)) await Bun.write(join(folder, "refs", ref), commit);
  for (const name of files) {
    const blob = join(folder, "blobs", Bun.hash(name).toString(16));
    await Bun.write(blob, name);
    await mkdir(dirname(join(folder, "snapshots", COMMIT, name)), { recursive: true });
    await symlink(blob, join(folder, "snapshots", COMMIT, name));
  }
}

const hubName = (text: string) => {
  const name = parseModelName(text);
  if (name.kind !== "hub") throw new Error(`'${text}' is no name on a hub`);
  return name;
};

test("models of other folders are used where they lie, after those of the models directory", async () => {
  await using here = await shelves({ "models/a.gguf": "1", "other/a.gguf": "22", "other/x/b.gguf": "333" });
  const models = await here.library.list();
  expect(models.map(({ name, shelf, fileSize }) => ({ name, shelf, fileSize }))).toEqual([
    { name: "a.gguf", shelf: "models", fileSize: 1 },
    { name: "x/b.gguf", shelf: "directory", fileSize: 3 },
  ]);
  for (const name of ["x/b.gguf", "x/b", "x", here.at("other/x/b.gguf")])
    expect((await here.library.find(name, none))?.model.parts[0]?.path).toBe(here.at("other/x/b.gguf"));
});

test("a model that is whole in another folder is not hidden by a part of it in the models directory", async () => {
  const [one, two] = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
  await using here = await shelves({ [`models/${one}`]: "1", [`other/${one}`]: "1", [`other/${two}`]: "22" });
  expect(await here.library.list()).toMatchObject([{ name: one, shelf: "directory", fileSize: 3 }]);
  expect((await here.library.find(one, none))?.model.parts).toHaveLength(2);
});

test("files in the cache that programs share are found by their names on the hub, and used in place", async () => {
  await using here = await shelves({});
  await cache(here.at("hub"), "user/repo", ["m-Q4_K_M.gguf", "sub/m-Q8_0.gguf", "config.json"]);
  expect((await here.library.list()).map(({ name }) => name)).toEqual([
    "user/repo/m-Q4_K_M.gguf",
    "user/repo/sub/m-Q8_0.gguf",
  ]);
  const found = await here.library.findRepository(hubName("user/repo:q8_0"));
  expect(found).toMatchObject({ name: "user/repo/sub/m-Q8_0.gguf", shelf: "cache" });
  expect(found?.parts[0]?.path).toStartWith(here.at("hub"));
});

test("a file that is named by its quantisation alone is found by that", async () => {
  await using here = await shelves({
    "models/user/bare/Q8_0.gguf": "1",
    "models/user/bare/sub/q4_k_m.gguf": "2",
  });
  const find = async (name: string) => (await here.library.findRepository(hubName(name)))?.name;
  expect(await find("user/bare:Q8_0")).toBe("user/bare/Q8_0.gguf");
  expect(await find("user/bare:Q4_K_M")).toBe("user/bare/sub/q4_k_m.gguf");
  const choice = { eightBit: true, fourBit: false };
  expect((await here.library.find("user/bare", choice))?.model.name).toBe("user/bare/Q8_0.gguf");
});

test("another revision in the cache has a name of its own, and a strange one is left alone", async () => {
  await using here = await shelves({});
  await cache(here.at("hub"), "user/repo", ["m.gguf"], { dev: COMMIT, evil: "../../.." } as never);
  await Bun.write(here.at("hub/version.txt"), "1");
  expect((await here.library.list()).map(({ name }) => name)).toEqual(["user/repo@dev/m.gguf"]);
});

test("a reference in the cache that can not be read hides nothing else", async () => {
  await using here = await shelves({ "models/a.gguf": "1" });
  await cache(here.at("hub"), "user/repo", ["m.gguf"]);
  // It is listed, but its name is no text, so nobody can open it.
  const unnamable = Buffer.from([0xff]);
  await writeFile(Buffer.concat([Buffer.from(here.at("hub/models--user--repo/refs/")), unnamable]), COMMIT);
  expect((await here.library.list()).map(({ name }) => name)).toEqual(["a.gguf", "user/repo/m.gguf"]);
});

test("of several quantisations that are here, a repository stands for the usual one", async () => {
  await using here = await shelves({
    "models/user/repo/m-Q8_0.gguf": "8",
    "models/user/repo/m-Q4_K_M.gguf": "4",
    "models/user/repo/m-Q2_K-00001-of-00002.gguf": "half",
  });
  const find = async (name: string) => (await here.library.findRepository(hubName(name)))?.name ?? null;
  expect(await find("user/repo")).toBe("user/repo/m-Q4_K_M.gguf");
  expect(await find("user/repo:Q8_0")).toBe("user/repo/m-Q8_0.gguf");
  expect(await find("user/repo/m-Q8_0.gguf")).toBe("user/repo/m-Q8_0.gguf");
  expect(await find("user/repo:Q2_K")).toBeNull();
  expect(await find("user/repo/m-Q2_K-00001-of-00002.gguf")).toBeNull();
  expect(await find("user/repo:Q5_0")).toBeNull();
  expect(await find("user/repo@dev")).toBeNull();
  expect(await find("user/rep")).toBeNull();
});
