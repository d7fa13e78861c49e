import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { again } from "../../public/lib/deployment.ts";
import type { LlamaEngine } from "../../src/engine/process.ts";
import type { DeployRequest, DeploymentStatus } from "../../src/schemas/deployment.ts";
import { postJson } from "../support/inference.ts";
import { writeRandomLora } from "../support/random-lora.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { startRealServer, type TestServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(60_000);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer<LlamaEngine>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeRandomModel(join(folder.path, "model.gguf"));
  await writeRandomModel(join(folder.path, "foreign.gguf"), { vocabulary: 600 });
  await writeRandomLora(join(folder.path, "adapter.gguf"));
  await mkdir(join(folder.path, "adapters"));
  await writeRandomLora(join(folder.path, "adapters", "another.gguf"));
  await writeRandomLora(join(folder.path, "wider-adapter.gguf"), 256);
  server = await startRealServer(folder.path);
});
afterAll(async () => {
  await server?.stop();
  await folder?.[Symbol.asyncDispose]();
});

/** What the model says greedily when it is deployed like that, and how it is. */
async function deployed(options: Omit<DeployRequest, "model_name">) {
  const model_name = "model.gguf";
  await server.manager.deploy({ model_name, context_length: 1024, ...options, wait: true });
  try {
    const { choices } = await server.client.completions.create({
      model: model_name,
      prompt: "The sea",
      temperature: 0,
      max_tokens: 16,
    });
    const [status] = server.manager.list();
    return { text: choices[0]?.text, status: status! };
  } finally {
    await server.manager.undeploy(model_name);
  }
}

const kvCache = ({ memory }: DeploymentStatus) => memory?.kv_cache ?? 0;

test("a KV cache of q8_0 takes about half the memory, and is what the estimate counts", async () => {
  const f16 = await deployed({});
  const q8 = await deployed({ kv_cache_type: "q8_0" });
  expect(kvCache(q8.status) / kvCache(f16.status)).toBeCloseTo(34 / 64, 2);
  expect(q8.status.options.kv_cache_type).toBe("q8_0");
  expect(q8.text).not.toBe("");
});

test("an adapter changes what the model says, as strongly as it is told to", async () => {
  const plain = await deployed({});
  expect((await deployed({ lora: [{ path: "adapter.gguf", scale: 0 }] })).text).toBe(plain.text);
  const adapted = await deployed({ lora: ["adapter.gguf"] });
  expect(adapted.text).not.toBe(plain.text!);
  expect(adapted.status.options.lora).toEqual([{ path: "adapter.gguf", scale: 1 }]);
});

test("the status tells the options by which the same can be deployed again", async () => {
  const asked = { parallel: 2, gpu_layers: 0, lora: [{ path: "adapters/another.gguf", scale: 0.5 }] };
  const { status } = await deployed(asked);
  expect(status.options).toMatchObject({ ...asked, context_length: 1024, draft_model: null });
  const { status: same } = await deployed(again(status));
  expect(same.options).toEqual(status.options);
});

test("flash attention can be switched off", async () => {
  const { text, status } = await deployed({ flash_attention: false });
  expect(text).not.toBe("");
  expect(status.options.flash_attention).toBe(false);
});

describe("an option that can not work is refused before anything loads", () => {
  test.each([
    [{ kv_cache_type: "q8_0", flash_attention: false }, "flash_attention"],
    [{ kv_cache_type: "q5_1" }, "kv_cache_type"],
    [{ lora: ["model.gguf"] }, "lora.0"],
    [{ lora: [{ path: "nowhere.gguf" }] }, "lora.0"],
    [{ lora: ["adapter.gguf", "wider-adapter.gguf"] }, "lora.1"],
    [{ draft_model: "foreign.gguf" }, "draft_model"],
    [{ model_name: "adapter.gguf" }, "model_name"],
    [{ sampling: { temperature: 9 } }, "sampling.temperature"],
    [{ sampling: { temprature: 1 } }, "sampling.temprature"],
    [{ ttl: "soon" }, "ttl"],
    [{ alias: [""] }, "alias.0"],
  ])("%j", async (options, param) => {
    const answer = await postJson(server, "/deploy", { model_name: "model.gguf", ...options });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await answer.json()).toMatchObject({ error: { param } });
    expect(server.manager.list()).toEqual([]);
  });
});
