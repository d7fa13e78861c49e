import { describe, expect, test } from "bun:test";
import { BadRequestError } from "openai";
import { caught, fakeModel, postJson } from "../support/inference.ts";
import { startServer, TEST_MODEL } from "../support/server.ts";

const messages = [{ role: "user" as const, content: "Hi" }];

describe("what can not be honoured yet", () => {
  test("is refused by name through the openai client, which does not try again", async () => {
    await using server = await startServer();
    const patient = server.client.withOptions({ maxRetries: 2 });
    const asked = patient.chat.completions.create({
      model: TEST_MODEL,
      messages,
      tools: [{ type: "function", function: { name: "weather", parameters: {} } }],
    });
    const error = await caught(asked, BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      type: "invalid_request_error",
      code: "unsupported_parameter",
      param: "tools",
    });
    expect(fakeModel(server).requests).toHaveLength(0);
  });

  test.each([
    { n: 2 },
    { logprobs: true },
    { response_format: { type: "json_object" } },
    { grammar: "root ::= x" },
  ])("is refused on streams, too: %j", async (extra) => {
    await using server = await startServer();
    const body = { model: TEST_MODEL, messages, stream: true, ...extra };
    const response = await postJson(server, "/v1/chat/completions", body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: "unsupported_parameter", param: Object.keys(extra)[0] },
    });
  });

  test.each([{ echo: true }, { best_of: 2 }, { logprobs: 1 }, { suffix: "end" }])(
    "is refused on text completions: %j",
    async (extra) => {
      await using server = await startServer();
      const response = await postJson(server, "/v1/completions", {
        model: TEST_MODEL,
        prompt: "Hi",
        ...extra,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { code: "unsupported_parameter", param: Object.keys(extra)[0] },
      });
    },
  );

  test("is no error when it is switched off", async () => {
    await using server = await startServer();
    const completion = await server.client.chat.completions.create({
      model: TEST_MODEL,
      messages,
      n: 1,
      tools: [],
      tool_choice: "auto",
      logprobs: false,
      top_logprobs: null,
      response_format: { type: "text" },
      modalities: ["text"],
      audio: null,
      prediction: null,
      reasoning_effort: null,
      store: false,
      service_tier: "auto",
      metadata: { team: "a" },
      parallel_tool_calls: true,
    });
    expect(completion.choices[0]?.message.content).toBe("Hello world");
  });
});
