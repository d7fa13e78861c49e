import { expect, test } from "bun:test";
import { EMPTY_DRAFT, toDeployRequest } from "../../public/lib/deploy-form.ts";

test("a deployment is asked for with what was typed, and a token only when there is one", () => {
  const draft = { ...EMPTY_DRAFT, model: " a.gguf ", bits: "4" as const, contextLength: "2048" };
  const body = { model_name: "a.gguf", device: "auto", load_in_8bit: false, load_in_4bit: true };
  expect(toDeployRequest(draft)).toEqual({ ...body, device: "auto", context_length: 2048 });
  expect(toDeployRequest({ ...draft, token: "hf_x" })).toHaveProperty("hf_token", "hf_x");
});
