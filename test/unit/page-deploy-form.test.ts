import { expect, test } from "bun:test";
import { EMPTY_DRAFT, toDeployRequest } from "../../public/lib/deploy-form.ts";
import type { DeployRequest } from "../../src/schemas/deployment.ts";
import { again } from "../../public/lib/deployment.ts";

test("a deployment is asked for with what was typed, and a token only when there is one", () => {
  const draft = { ...EMPTY_DRAFT, model: " a.gguf ", bits: "4" as const, contextLength: "2048" };
  const body = { model_name: "a.gguf", device: "auto", load_in_8bit: false, load_in_4bit: true };
  expect(toDeployRequest(draft)).toEqual({ ...body, device: "auto", context_length: 2048 });
  expect(toDeployRequest({ ...draft, token: "hf_x" })).toHaveProperty("hf_token", "hf_x");
});

test("a deployment that failed is asked for again as it was, on its device too", () => {
  const options = {
    context_length: 512,
    parallel: 2,
    gpu_layers: null,
    kv_cache_type: "f16",
    flash_attention: "auto" as const,
    draft_model: null,
    lora: [],
    system_prompt: null,
    sampling: {},
  };
  const failed = { model_name: "a.gguf", aliases: ["a"], ttl: null, pinned: true, device: "cpu" };
  const { model_name, pinned, device } = failed;
  expect(again({ ...failed, options })).toEqual({
    ...options,
    model_name,
    pinned,
    device,
    alias: ["a"],
    ttl: -1,
  } as DeployRequest);
});
