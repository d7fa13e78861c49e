import { expect, test } from "bun:test";
import { readDeploy } from "../../public/lib/deploy-form.ts";

function form(values: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(values)) data.set(name, value);
  return data;
}

test("the deploy form sends a token only when one was typed", () => {
  const fields = { model_name: " a.gguf ", device: "cpu", bits: "4", context_length: "2048", parallel: "" };
  const body = { model_name: "a.gguf", device: "cpu", load_in_8bit: false, load_in_4bit: true };
  expect(readDeploy(form(fields))).toEqual({ ...body, device: "cpu", context_length: 2048 });
  expect(readDeploy(form({ ...fields, hf_token: "hf_x" }))).toHaveProperty("hf_token", "hf_x");
});
