import { describe, expect, spyOn, test } from "bun:test";
import { fakeModel, postJson } from "../support/inference.ts";
import { startServer, TEST_MODEL, type TestServer } from "../support/server.ts";

describe("POST /tokenize", () => {
  test.each([
    { content: "one two three" },
    { prompt: "one two three" },
    { messages: [{ role: "user", content: "one two three" }] },
    { messages: [{ role: "user", content: [{ type: "text", text: "one two three" }] }], model: TEST_MODEL },
    { content: "one two three", prompt: null, messages: null, model: null, add_special: null },
  ])("counts the tokens of %j", async (request) => {
    await using server = await startServer();
    expect(await tokenize(server, request)).toEqual({
      status: 200,
      body: { tokens: [1, 2, 3], count: 3, max_model_len: 2048 },
    });
  });

  test("tells the text of each token when asked", async () => {
    await using server = await startServer();
    const { body } = await tokenize(server, { content: "one two", with_pieces: true });
    expect(body).toMatchObject({ tokens: [1, 2], pieces: ["t1 ", "t2 "] });
  });

  test("generates nothing, and holds no slot", async () => {
    await using server = await startServer();
    await tokenize(server, { content: "one two" });
    expect(fakeModel(server).requests).toHaveLength(0);
    await server.manager.undeploy(TEST_MODEL);
  });

  test.each([
    {},
    { content: "a", prompt: "b" },
    { content: "a", messages: [{ role: "user", content: "b" }] },
  ])("needs exactly one prompt, not %j", async (request) => {
    await using server = await startServer();
    expect(await tokenize(server, request)).toMatchObject({
      status: 400,
      body: { error: { type: "invalid_request_error" }, detail: expect.stringContaining("Exactly one") },
    });
  });

  test.each([
    ["content", { content: "a".repeat(2 ** 20 + 1) }],
    ["prompt", { prompt: "a".repeat(2 ** 20 + 1) }],
    ["messages", { messages: Array.from({ length: 20_000 }, () => ({ role: "user", content: "" })) }],
  ])("refuses a %s that would hold up the answers of others", async (param, request) => {
    await using server = await startServer({}, { bodyLimit: 2 ** 24 });
    expect(await tokenize(server, request)).toMatchObject({
      status: 400,
      body: {
        error: { code: "invalid_value", param, message: expect.stringContaining("1048576 characters") },
      },
    });
  });

  test.each(["add_special", "add_special_tokens"])(
    "leaves special tokens out when %s is false",
    async (name) => {
      await using server = await startServer();
      using asked = spyOn(fakeModel(server), "tokenize");
      await tokenize(server, { content: "one two", [name]: false });
      expect(asked).toHaveBeenCalledWith({ kind: "text", text: "one two", addSpecial: false });
    },
  );

  test.each([
    { tools: [{ type: "function", function: { name: "f" } }] },
    { chat_template_kwargs: { enable_thinking: false } },
    { add_generation_prompt: false },
  ])("refuses what would make another prompt of it: %j", async (fields) => {
    await using server = await startServer();
    const messages = [{ role: "user", content: "one two three" }];
    expect(await tokenize(server, { messages, ...fields })).toMatchObject({
      status: 400,
      body: { error: { code: "unsupported_parameter", param: Object.keys(fields)[0] } },
    });
  });

  test("answers 404 to a model that is not deployed", async () => {
    await using server = await startServer();
    const { status, body } = await tokenize(server, { content: "a", model: "other" });
    expect(status).toBe(404);
    expect(body).toMatchObject({ error: { code: "model_not_found" } });
  });
});

async function tokenize(server: TestServer, request: object) {
  const response = await postJson(server, "/tokenize", request);
  return { status: response.status, body: await response.json() };
}
