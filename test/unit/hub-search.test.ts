import { expect, test } from "bun:test";
import { join } from "node:path";
import { ModelLibrary } from "../../src/hub/model-library.ts";
import type { SystemStatus } from "../../src/schemas/system.ts";
import { HubSearch } from "../../src/services/hub-search.ts";
import { HubStandIn } from "../support/hub-stand-in.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const nowhere = { modelsDir: "/nowhere", modelDirs: [], cacheDir: "/nowhere" };

/** A machine with this much free, in bytes. */
function machine(ram: number, ...vram: number[]): SystemStatus {
  return {
    memory: { total: ram, used: 0, available: ram, percent: 0, process: 0 },
    cpu: { model: "Test CPU", cores: 2, usable: 2, usage_percent: 10 },
    disk: null,
    gpu: vram.map((bytes, index) => ({
      name: `GPU ${index}`,
      memory_total: bytes + 1e9,
      memory_used: 1e9,
      vendor: null,
      driver: null,
      usage_percent: null,
    })),
  };
}

test.each([
  [machine(1e9), "memory"],
  [machine(3e8), "none"],
  [machine(1e9, 1e9), "gpu"],
  [machine(2e8, 2e8), "memory"],
  [machine(2e8, 2e8, 2e8), "memory"],
  [machine(1e8, 1e8), "none"],
])("a file of 1 MB fits where there is room for it and its context: %#", async (status, fit) => {
  await using hub = await HubStandIn.start();
  hub.add("user/repo", { files: { "m-Q8_0.gguf": new Uint8Array(1e6) } });
  const search = new HubSearch({
    config: { hubEndpoint: hub.endpoint },
    library: new ModelLibrary(nowhere),
    system: { status: async () => status },
    gpuUsable: () => true,
    token: async () => null,
  });
  const [found] = await search.search("repo", 5, new AbortController().signal);
  expect(found?.models).toMatchObject([{ fit }]);
});

test("a GPU that no engine can use has no room", async () => {
  await using hub = await HubStandIn.start();
  hub.add("user/repo", { files: { "m-Q8_0.gguf": new Uint8Array(1e6) } });
  const search = new HubSearch({
    config: { hubEndpoint: hub.endpoint },
    library: new ModelLibrary(nowhere),
    system: { status: async () => machine(1e8, 1e9) },
    gpuUsable: () => false,
    token: async () => null,
  });
  const [found] = await search.search("repo", 5, new AbortController().signal);
  expect(found?.models).toMatchObject([{ fit: "none" }]);
});

test("a model of which a part is missing is not told to be on this machine", async () => {
  await using hub = await HubStandIn.start();
  await using folder = await temporaryFolder();
  const split = ["s-00001-of-00002.gguf", "s-00002-of-00002.gguf"];
  const file = new Uint8Array(9);
  hub.add("user/repo", { files: Object.fromEntries([...split, "whole.gguf"].map((name) => [name, file])) });
  for (const name of [split[0], "whole.gguf"]) await Bun.write(join(folder.path, "user/repo", name!), file);
  const search = new HubSearch({
    config: { hubEndpoint: hub.endpoint },
    library: new ModelLibrary({ ...nowhere, modelsDir: folder.path }),
    system: { status: async () => machine(1e9) },
    gpuUsable: () => true,
    token: async () => null,
  });
  const [found] = await search.search("repo", 5, new AbortController().signal);
  expect(found?.models.map(({ name, present }) => [name, present])).toEqual([
    ["user/repo/whole.gguf", true],
    [`user/repo/${split[0]}`, false],
  ]);
});

test("lists of files are kept for the next search", async () => {
  await using hub = await HubStandIn.start();
  for (const name of ["a", "b", "c"]) hub.add(`${name}/repo`, { files: { "m.gguf": new Uint8Array(9) } });
  const search = new HubSearch({
    config: { hubEndpoint: hub.endpoint },
    library: new ModelLibrary(nowhere),
    system: { status: async () => machine(1e9) },
    gpuUsable: () => true,
    token: async () => null,
  });
  const { signal } = new AbortController();
  await search.search("repo", 5, signal);
  await search.search("repo", 5, signal);
  const trees = hub.seen.filter(({ path }) => path.includes("/tree/"));
  expect(trees).toHaveLength(3);
});
