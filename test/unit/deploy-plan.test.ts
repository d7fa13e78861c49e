import { describe, expect, test } from "bun:test";
import { loadFailed, modelNotFound } from "../../src/errors.ts";
import type { DeployRequest } from "../../src/schemas/deployment.ts";
import type { TensorInfo } from "../../src/formats/gguf/header.ts";
import { tensorTypeOf } from "../../src/formats/gguf/tensor-type.ts";
import { type ModelHeader, planDeployment } from "../../src/services/deploy-plan.ts";
import type { FileWish } from "../../src/services/model-files.ts";
import { testConfig } from "../support/config.ts";
import { anyFile, testHeader } from "../support/test-manager.ts";

const plan = (request: Partial<DeployRequest>, overrides = {}, files = anyFile) =>
  planDeployment({ model_name: "a", ...request }, files, testConfig("/nowhere", overrides), { threads: 2 });

describe("the context length", () => {
  test("above the trained one is refused with both numbers", async () => {
    const outcome = plan({ context_length: 4097 });
    await expect(outcome).rejects.toMatchObject({
      status: 400,
      code: "invalid_value",
      param: "context_length",
    });
    await expect(outcome).rejects.toThrow(/4097.*4096/);
  });

  test("up to the trained one is taken", async () => {
    expect((await plan({ context_length: 4096 })).spec.contextLength).toBe(4096);
  });

  test("of the configuration is for all models, so one trained for less gets less", async () => {
    expect((await plan({}, { contextLength: 32768 })).spec.contextLength).toBe(4096);
    expect((await plan({}, { contextLength: 1024 })).spec.contextLength).toBe(1024);
    expect((await plan({})).spec.contextLength).toBeNull();
  });
});

test("an address that may carry a secret names no deployment, and is not repeated", async () => {
  const named = (name: string) => plan({ model_name: name });
  for (const before of ["", " ", "\n\t", "\ufeff"]) {
    const refused = named(`${before}https://example.com/a.gguf?signature=secret`);
    await expect(refused).rejects.toThrow("POST /models/pull");
    await expect(refused).rejects.not.toThrow("signature");
  }
  expect((await named("https://huggingface.co/a/b/resolve/main/a.gguf?download=true")).fault).toBeNull();
});

test("spaces around a name or an alias belong to neither", async () => {
  const { name, aliases, spec } = await plan({ model_name: " a\n", alias: [" b ", "b", "a", " "] });
  expect({ name, loaded: spec.name, aliases }).toEqual({ name: "a", loaded: "a", aliases: ["b"] });
});

describe("a file", () => {
  test("that is no model makes no bad request, but a deployment that fails at once", async () => {
    const header = () => Promise.reject(loadFailed("It is no GGUF file"));
    const { fault } = await plan({ context_length: 100_000 }, {}, { ...anyFile, header });
    expect(fault).toMatchObject({ code: "model_load_failed", message: "It is no GGUF file" });
  });

  test("that can not be read fails with the reason of the system", async () => {
    const header = () => Promise.reject(new Error("EACCES: permission denied"));
    const { fault } = await plan({}, {}, { ...anyFile, header });
    expect(fault?.message).toContain("permission denied");
  });
});

describe("the sampling that a model's file advises", () => {
  const advising = (advice: Record<string, number>) => ({
    ...anyFile,
    header: async () => testHeader({ number: (key) => advice[key] ?? null }),
  });
  const float32 = (value: number) => Math.fround(value);

  test("holds where the deployment says nothing", async () => {
    const files = advising({
      "general.sampling.temp": float32(0.6),
      "general.sampling.top_p": float32(0.95),
      "general.sampling.top_k": 20,
      "general.sampling.min_p": 0,
      "general.sampling.penalty_repeat": float32(1.05),
    });
    const advised = { temperature: 0.6, top_p: 0.95, top_k: 20, min_p: 0, repeat_penalty: 1.05 };
    expect((await plan({}, {}, files)).defaults.fields).toEqual(advised);
    const sampling = { temperature: 1, max_tokens: 9 };
    expect((await plan({ sampling }, {}, files)).defaults.fields).toEqual({ ...advised, ...sampling });
  });

  test("is left out where no request could ask for it", async () => {
    const files = advising({
      "general.sampling.temp": 9,
      "general.sampling.top_k": 2.5,
      "general.sampling.top_p": NaN,
    });
    expect((await plan({}, {}, files)).defaults.fields).toEqual({});
    expect((await plan({})).defaults.fields).toEqual({});
  });
});

describe("another model that a deployment needs", () => {
  const files = {
    ...anyFile,
    resolve: async (name: string, wish: FileWish) => {
      if (name === "a") return anyFile.resolve(name, wish);
      throw modelNotFound(name).namedBy("model_name");
    },
  };

  test.each([
    [{ draft_model: "b" }, { code: "model_not_found", param: "draft_model" }],
    [{ lora: ["b"] }, { code: "adapter_not_found", param: "lora.0" }],
  ])("and that is not there is told of its own field: %j", async (request, told) => {
    await expect(plan(request, {}, files)).rejects.toMatchObject({ status: 404, ...told });
  });
});

const matrix = (name: string, ...shape: number[]): TensorInfo => ({
  name,
  shape,
  type: tensorTypeOf(0)!,
  offset: 0,
  bytes: 0,
});

describe("a file beside the model's own, or in place of it, is refused before anything loads", () => {
  const model = testHeader({
    tensors: [matrix("token_embd.weight", 64, 512), matrix("blk.0.attn_q.weight", 64, 32)],
  });
  const pair = (name: string, a: number[], b: number[]) =>
    testHeader({
      isAdapter: true,
      tensors: [matrix(`${name}.lora_a`, ...a), matrix(`${name}.lora_b`, ...b)],
    });
  const beside = (other: ModelHeader, request: Partial<DeployRequest>, first: ModelHeader = model) =>
    plan(request, {}, { ...anyFile, header: async ({ name }) => (name === "a" ? first : other) });

  test("an adapter in place of a model", async () => {
    const refused = beside(model, {}, testHeader({ isAdapter: true }));
    await expect(refused).rejects.toMatchObject({ status: 400, code: "invalid_value", param: "model_name" });
    await expect(refused).rejects.toThrow(/'a' is an adapter and no model.*"lora": \["a"\]/);
  });

  test.each([
    ["of another architecture", testHeader({ isAdapter: true, architecture: "qwen2" }), /qwen2.*llama/],
    ["for another width", pair("blk.0.attn_q.weight", [128, 4], [4, 32]), /attn_q.*128.*64/],
    ["for another height", pair("blk.0.attn_q.weight", [64, 4], [4, 48]), /attn_q.*48.*32/],
    ["for other embeddings", pair("token_embd.weight", [4, 600], [4, 64]), /token_embd.*600.*512/],
    ["for a layer that is not there", pair("blk.7.attn_q.weight", [64, 4], [4, 32]), /blk\.7\.attn_q/],
  ])("an adapter %s", async (_, adapter, message) => {
    const refused = beside(adapter, { lora: ["b"] });
    await expect(refused).rejects.toMatchObject({ status: 400, code: "invalid_value", param: "lora.0" });
    await expect(refused).rejects.toThrow(message);
  });

  test("a draft model with more or fewer tokens", async () => {
    const refused = beside(testHeader({ vocabularySize: 2559 }), { draft_model: "b" });
    await expect(refused).rejects.toMatchObject({ status: 400, param: "draft_model" });
    await expect(refused).rejects.toThrow(/2559 tokens.*512/);
  });

  test("an adapter in place of a draft model", async () => {
    const refused = beside(testHeader({ isAdapter: true }), { draft_model: "b" });
    await expect(refused).rejects.toMatchObject({ status: 400, param: "draft_model" });
  });

  test.each([
    ["a matrix", pair("blk.0.attn_q.weight", [64, 4], [4, 32])],
    ["embeddings", pair("token_embd.weight", [4, 512], [4, 64])],
  ])("but not an adapter that fits %s", async (_, adapter) => {
    expect((await beside(adapter, { lora: ["b"] })).spec.loras).toEqual([{ path: "/models/b", scale: 1 }]);
  });

  test("nor one for a layer that may lie in another part of a split model", async () => {
    const split = testHeader({ ...model, number: (key) => (key === "split.count" ? 2 : null) });
    const adapter = pair("blk.7.attn_q.weight", [64, 4], [4, 32]);
    expect((await beside(adapter, { lora: ["b"] }, split)).spec.loras).toHaveLength(1);
  });

  test("nor anything where the model itself can not be read, which is told instead", async () => {
    const broken = async ({ name }: { name: string }) =>
      name === "a" ? Promise.reject(loadFailed("It is no GGUF file")) : testHeader({ isAdapter: true });
    const { fault } = await plan({ lora: ["b"] }, {}, { ...anyFile, header: broken });
    expect(fault?.message).toBe("It is no GGUF file");
  });
});

describe("warnings", () => {
  test("tell that a pinned model has no use for a ttl", async () => {
    expect((await plan({ pinned: true, ttl: 60 })).warnings.join()).toContain("ttl has no effect");
    expect((await plan({ pinned: false, ttl: 60 })).warnings).toEqual([]);
  });

  test("name each flag without effect, and no secret", async () => {
    const { warnings, spec } = await plan({
      trust_remote_code: true,
      hf_token: "hf_secret",
      device: "cpu",
      gpu_layers: 10,
    });
    expect(warnings).toHaveLength(3);
    expect(warnings.join()).toMatch(/trust_remote_code.*hf_token.*gpu_layers/);
    expect(JSON.stringify([warnings, spec])).not.toContain("hf_secret");
  });

  test("repeat what the choice of the file had to say", async () => {
    const resolve: typeof anyFile.resolve = async (name, choice) => ({
      ...(await anyFile.resolve(name, choice)),
      warnings: ["load_in_8bit has no effect"],
    });
    expect((await plan({ load_in_8bit: true }, {}, { ...anyFile, resolve })).warnings).toEqual([
      "load_in_8bit has no effect",
    ]);
  });

  test("are not given for flags that are off or null", async () => {
    const { warnings } = await plan({
      trust_remote_code: false,
      load_in_8bit: false,
      hf_token: null,
      gpu_layers: 0,
      device: "cpu",
    });
    expect(warnings).toEqual([]);
  });

  test("name fields the server does not know, but only so many", async () => {
    const unknown = Object.fromEntries(Array.from({ length: 13 }, (_, index) => [`field_${index}`, "value"]));
    const { warnings } = await plan(unknown);
    expect(warnings[0]).toContain("field_0");
    expect(warnings.join()).not.toContain("value");
    expect(warnings.at(-1)).toContain("3 more");
  });
});
