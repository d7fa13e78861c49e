import { Value } from "@sinclair/typebox/value";
import { beforeAll, describe, expect, test, setDefaultTimeout } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { DiskModelList } from "../../src/schemas/disk-model.ts";
import { HubSearchAnswer } from "../../src/schemas/hub.ts";
import { errorOf, HubServer, twoModels } from "../support/hub-server.ts";
import { writeRandomLora } from "../support/random-lora.ts";
import type { TestOptions } from "../support/server.ts";

setDefaultTimeout(60_000);

let model: Uint8Array<ArrayBuffer>;
let other: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  [model, other] = await twoModels();
});

const start = (options: TestOptions = {}) =>
  HubServer.start((hub) => {
    hub.add("user/repo", {
      files: { "m-Q4_K_M.gguf": model, "m-Q8_0.gguf": other, "README.md": model.slice(0, 9) },
    });
    hub.add("user/gated", { files: { "m.gguf": model }, gated: "manual" });
  }, options);

describe("GET /models", () => {
  test("lists what is on this machine, with what its file tells", async () => {
    await using at = await start();
    await at.have("user/repo");
    const { models } = await at.get<DiskModelList>("/models");
    expect([...Value.Errors(DiskModelList, { models })]).toEqual([]);
    expect(models).toMatchObject([
      { id: "guide", source: "built_in", removable: false },
      {
        id: "user/repo/m-Q4_K_M.gguf",
        source: "downloaded",
        removable: true,
        size: model.length,
        architecture: "llama",
        quantisation: "F16",
        context_length: 2048,
        capabilities: ["chat"],
        deployed_as: null,
        error: null,
      },
    ]);
    expect(await at.get<object>("/models/user/repo/m-Q4_K_M.gguf")).toMatchObject({
      id: "user/repo/m-Q4_K_M.gguf",
    });
  });

  test("tells which are deployed, and why one can not be", async () => {
    await using at = await start();
    await Bun.write(at.file("broken.gguf"), "no model");
    await at.deploy("user/repo", { wait: true });
    const { models } = await at.get<DiskModelList>("/models");
    expect(models.slice(1)).toMatchObject([
      { id: "broken.gguf", source: "models_directory", error: expect.stringContaining("is no GGUF file") },
      { id: "user/repo/m-Q4_K_M.gguf", deployed_as: "user/repo", state: "ready", removable: false },
    ]);
  });

  test("is what GET /v1/models adds to the deployed ones, as requests may name them", async () => {
    await using at = await start();
    await at.have("user/repo:Q8_0");
    await at.deploy("guide", { wait: true });
    const { data } = await at.server.client.models.list();
    expect(data).toMatchObject([
      { id: "guide", status: { value: "loaded" } },
      {
        id: "user/repo/m-Q8_0.gguf",
        status: { value: "unloaded" },
        context_length: 2048,
        capabilities: ["chat"],
      },
    ]);
    const { choices } = await at.server.client.completions.create({ model: data[1]!.id, prompt: "a" });
    expect(choices).toHaveLength(1);
  });
});

test("GET /v1/models tells the aliases of the configuration, which requests may name", async () => {
  const aliases = { mine: "user/repo:Q8_0", elsewhere: "user/other" };
  await using at = await start({ aliases });
  await at.have("mine");
  const entry = { id: "user/repo/m-Q8_0.gguf", aliases: ["mine"] };
  expect((await at.server.client.models.list()).data[1]).toMatchObject(entry);
  expect(await at.server.client.models.retrieve("mine")).toMatchObject(entry);
  await at.server.client.completions.create({ model: "mine", prompt: "a" });
  const loaded = { id: "mine", aliases: ["user/repo/m-Q8_0.gguf"] };
  expect((await at.server.client.models.list()).data).toMatchObject([loaded, { id: "guide" }]);
  expect(await at.server.client.models.retrieve("user/repo/m-Q8_0.gguf")).toMatchObject(loaded);
});

describe("GET /v1/models/{id}", () => {
  const shown = async (at: HubServer, id: string) => (await at.server.client.models.retrieve(id)).id;

  test("finds a model by every name that a request may use for it", async () => {
    await using at = await start({ aliases: { fast: "user/repo" } });
    await at.have("user/repo");
    const names = ["user/repo/m-Q4_K_M.gguf", "user/repo", "user/repo:Q4_K_M", "user/repo/m", "fast"];
    for (const name of names) expect(await shown(at, name)).toBe("user/repo/m-Q4_K_M.gguf");
    await at.deploy("user/repo", { alias: "mine", wait: true });
    for (const name of [...names, "mine"]) expect(await shown(at, name)).toBe("user/repo");
    const { data } = await at.server.client.models.list();
    expect(data).toMatchObject([
      { id: "user/repo", aliases: ["mine", "user/repo/m-Q4_K_M.gguf", "fast"] },
      { id: "guide" },
    ]);
  });

  test("tells what to write where a name stands for nothing, or for several files", async () => {
    await using at = await start();
    await Bun.write(at.file("folder/a.gguf"), model);
    await Bun.write(at.file("folder/b.gguf"), other);
    const refused = async (id: string) => errorOf(await fetch(`${at.url}/v1/models/${id}`));
    expect(await refused("nothing")).toMatchObject({ code: "model_not_found", param: "model" });
    expect(await refused("folder")).toMatchObject({ code: "ambiguous_model", param: "model" });
  });

  test("knows only deployments where requests load nothing", async () => {
    await using at = await start({ loadOnRequest: false, aliases: { fast: "user/repo" } });
    await at.have("user/repo");
    await at.deploy("user/repo", { wait: true });
    expect((await at.server.client.models.list()).data).toMatchObject([{ id: "user/repo", aliases: [] }]);
    for (const name of ["fast", "user/repo/m-Q4_K_M.gguf"]) {
      const answer = await fetch(`${at.url}/v1/models/${name}`);
      expect([answer.status, (await errorOf(answer)).code]).toEqual([404, "model_not_found"]);
    }
  });

  test("shows a draft model as what a request would load, not as the model it guesses for", async () => {
    await using at = await start();
    await at.have("user/repo:Q8_0");
    await Bun.write(at.file("mine.gguf"), model);
    await at.deploy("mine.gguf", { draft_model: "user/repo:Q8_0", wait: true });
    const { data } = await at.server.client.models.list();
    expect(data).toMatchObject([
      { id: "mine.gguf", aliases: [], status: { value: "loaded" } },
      { id: "guide" },
      { id: "user/repo/m-Q8_0.gguf", status: { value: "unloaded" } },
    ]);
  });
});

test("an adapter is told from models, and is no model that a request may name", async () => {
  await using at = await start();
  await mkdir(at.server.services.config.modelsDir, { recursive: true });
  await writeRandomLora(at.file("adapter.gguf").name!);
  const { models } = await at.get<DiskModelList>("/models");
  expect(models).toMatchObject([
    { id: "guide", kind: "model" },
    { id: "adapter.gguf", kind: "adapter", architecture: "llama", error: null },
  ]);
  expect((await at.server.client.models.list()).data).toMatchObject([{ id: "guide" }]);
  expect((await fetch(`${at.url}/v1/models/adapter.gguf`)).status).toBe(404);
  const asked = await at.post("/v1/completions", { model: "adapter.gguf", prompt: "a" });
  expect([asked.status, asked.headers.get("retry-after")]).toEqual([400, null]);
  expect(await errorOf(asked)).toMatchObject({ param: "model", message: expect.stringContaining("adapter") });
});

test("a file that can not be read is refused for good, whether a request or a deploy named it", async () => {
  await using at = await start();
  await Bun.write(at.file("broken.gguf"), "no model");
  const ask = async () => {
    const answer = await at.post("/v1/completions", { model: "broken.gguf", prompt: "a" });
    const { code, param, message } = await errorOf(answer);
    const headers = [answer.headers.get("retry-after"), answer.headers.get("x-should-retry")];
    return { status: answer.status, code, param, message, headers };
  };
  const refusal = {
    status: 400,
    code: "model_load_failed",
    param: "model",
    message: expect.stringContaining("is no GGUF file"),
    headers: [null, "false"],
  };
  expect(await ask()).toEqual(refusal);
  expect(await ask()).toEqual(refusal);
  await at.deploy("broken.gguf");
  expect(await ask()).toEqual(refusal);
});

describe("DELETE /models/{id}", () => {
  test("removes what was downloaded", async () => {
    await using at = await start();
    await at.have("user/repo");
    const answer = await at.delete("/models/user%2Frepo%2Fm-Q4_K_M.gguf");
    expect(await answer.json()).toMatchObject({ freed_bytes: model.length });
    expect(await readdir(at.server.services.config.modelsDir, { recursive: true })).toEqual([]);
  });

  test("removes none of several that a name may mean", async () => {
    await using at = await start();
    const names = ["Q4_K_M/m-Q4_K_M.gguf", "Q8_0/m-Q8_0.gguf", "small-Q5_K_M.gguf", "large-Q5_K_M.gguf"];
    at.hub.add("user/many", { files: Object.fromEntries(names.map((name) => [name, model])) });
    for (const name of names) await at.have(`user/many/${name}`);
    const all = async () =>
      (await readdir(at.server.services.config.modelsDir, { recursive: true })).toSorted();
    const before = await all();
    for (const name of ["user/many", "user/many:Q5_K_M"])
      expect(await errorOf(await at.delete(`/models/${name}`))).toMatchObject({ code: "ambiguous_model" });
    expect(await all()).toEqual(before);
    expect((await at.delete("/models/user/many:Q8_0")).status).toBe(200);
    // One of which only a part is there is another one, too.
    await Bun.write(at.file("user/repo/big-Q5_K_M-00001-of-00002.gguf"), model);
    await at.have("user/repo");
    expect(await errorOf(await at.delete("/models/user/repo"))).toMatchObject({ code: "ambiguous_model" });
    expect(await at.file(`user/many/Q8_0/m-Q8_0.gguf`).exists()).toBe(false);
  });

  test("leaves alone what somebody put there, what is deployed and what is not there", async () => {
    await using at = await start();
    await Bun.write(at.file("mine.gguf"), model);
    await at.deploy("user/repo", { wait: true });
    const codes = async (id: string) => {
      const answer = await at.delete(`/models/${id}`);
      return [answer.status, (await errorOf(answer)).code];
    };
    expect(await codes("mine.gguf")).toEqual([400, "not_removable"]);
    expect(await codes("user/repo/m-Q4_K_M.gguf")).toEqual([409, "model_in_use"]);
    const { message } = await errorOf(await at.delete("/models/user/repo/m-Q4_K_M.gguf"));
    expect(message).toContain("undeploy it first with DELETE /undeploy?model_name=user%2Frepo");
    await at.have("user/repo:Q8_0");
    await at.deploy("mine.gguf", { draft_model: "user/repo:Q8_0", wait: true });
    expect(await codes("user/repo/m-Q8_0.gguf")).toEqual([409, "model_in_use"]);
    expect(await codes("..%2Fsecret.gguf")).toEqual([404, "model_not_found"]);
    expect(await codes("guide")).toEqual([400, "not_removable"]);
    expect(await at.file("mine.gguf").exists()).toBe(true);
  });
});

describe("GET /hub/search", () => {
  test("finds as many repositories as were asked for", async () => {
    await using at = await start();
    at.hub.add("other/repo", { files: { "a-Q4_0.gguf": model } });
    const found = async (limit: number) =>
      (await at.get<HubSearchAnswer>(`/hub/search?q=repo&limit=${limit}`)).repositories.length;
    expect([await found(1), await found(60)]).toEqual([1, 2]);
  });

  test("finds repositories with what is in them", async () => {
    await using at = await start();
    at.hub.add("user/gated-repo", { files: { "a-Q4_0.gguf": model }, gated: "manual", downloads: 99 });
    await at.have("user/repo:Q8_0");
    const answer = await at.get<HubSearchAnswer>("/hub/search?q=repo");
    expect([...Value.Errors(HubSearchAnswer, answer)]).toEqual([]);
    expect(answer.repositories).toMatchObject([
      { id: "user/gated-repo", gated: "manual" },
      {
        id: "user/repo",
        architecture: "llama",
        models: [
          { name: "user/repo/m-Q4_K_M.gguf", quantisation: "Q4_K_M", size: model.length, present: false },
          { name: "user/repo/m-Q8_0.gguf", quantisation: "Q8_0", present: true, fit: "memory" },
        ],
      },
    ]);
  });

  test("takes how many are wanted, as a number and nothing else", async () => {
    await using at = await start();
    at.hub.add("user/other-repo", { files: { "a-Q4_0.gguf": model } });
    const { repositories } = await at.get<HubSearchAnswer>("/hub/search?q=repo&limit=1");
    expect(repositories).toHaveLength(1);
    expect((await fetch(`${at.url}/hub/search?q=repo&limit=many`)).status).toBe(400);
  });

  test("tells when the hub gives no answer, and when there is no question", async () => {
    await using at = await start({ hubEndpoint: "http://127.0.0.1:1" });
    const answer = await fetch(`${at.url}/hub/search?q=x`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("30");
    expect((await fetch(`${at.url}/hub/search`)).status).toBe(400);
    expect((await fetch(`${at.url}/hub/search?q=x&limit=none`)).status).toBe(400);
  });
});
