import { expect, test } from "bun:test";
import { readDeploy, readQuery, toChat } from "../../public/lib/query.ts";

function form(values: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(values)) data.set(name, value);
  return data;
}

test("empty fields are left to the server's defaults", () => {
  const values = { prompt: "hi", model_name: "", max_length: "", temperature: "", do_sample: "on" };
  expect(readQuery(form(values))).toEqual({ prompt: "hi", do_sample: true });
});

test("zero is a value, and an unticked box means greedy", () => {
  const query = readQuery(form({ prompt: "hi", temperature: "0", top_k: "0" }));
  expect(query).toEqual({ prompt: "hi", do_sample: false, temperature: 0, top_k: 0 });
});

test("the streamed question samples as the documented endpoint would", () => {
  const chat = toChat({ prompt: "hi", do_sample: true }, "guide");
  expect(chat).toMatchObject({ model: "guide", max_tokens: 512, temperature: 0.7, top_p: 0.9, top_k: 50 });
  expect(toChat({ prompt: "hi", do_sample: false, temperature: 1, max_length: 9 }, "guide")).toMatchObject({
    temperature: 0,
    max_tokens: 9,
  });
  expect(toChat({ prompt: "hi", max_length: 9, max_new_tokens: 3, model_name: "b" }, "guide")).toMatchObject({
    model: "b",
    max_tokens: 3,
  });
});

test("the deploy form sends a token only when one was typed", () => {
  const fields = { model_name: " a.gguf ", device: "cpu", bits: "4", context_length: "2048", parallel: "" };
  const body = { model_name: "a.gguf", device: "cpu", load_in_8bit: false, load_in_4bit: true };
  expect(readDeploy(form(fields))).toEqual({ ...body, device: "cpu", context_length: 2048 });
  expect(readDeploy(form({ ...fields, hf_token: "hf_x" }))).toHaveProperty("hf_token", "hf_x");
});
