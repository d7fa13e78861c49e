import { Value } from "@sinclair/typebox/value";
import { beforeAll, describe, expect, test, setDefaultTimeout } from "bun:test";
import { DiskModelList } from "../../src/schemas/disk-model.ts";
import { HubSearchAnswer } from "../../src/schemas/hub.ts";
import { errorOf, HubServer, twoModels } from "../support/hub-server.ts";
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
  expect(await at.server.client.models.retrieve("mine")).toMatchObject({ id: "mine", aliases: [] });
});

describe("DELETE /models/{id}", () => {
  test("removes what was downloaded", async () => {
    await using at = await start();
    await at.have("user/repo");
    const answer = await at.delete("/models/user%2Frepo%2Fm-Q4_K_M.gguf");
    expect(await answer.json()).toMatchObject({ freed_bytes: model.length });
    const left = await Array.fromAsync(
      new Bun.Glob("**/*").scan({ cwd: at.server.services.config.modelsDir, dot: true }),
    );
    expect(left.filter((name) => name.includes("m-Q4_K_M"))).toEqual([]);
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
