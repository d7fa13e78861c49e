import { describe, expect, test } from "bun:test";
import {
  APIUserAbortError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from "openai";
import { engineLost } from "../../src/errors.ts";
import { caught, fakeModel, postJson, until } from "../support/inference.ts";
import { startServer, TEST_MODEL, type TestServer } from "../support/server.ts";

const hello = { model: TEST_MODEL, messages: [{ role: "user" as const, content: "Say hello" }] };

describe("POST /v1/chat/completions", () => {
  test("answers the openai client in the shape it expects", async () => {
    await using server = await startServer({ cachedTokens: 1 });
    const completion = await server.client.chat.completions.create(hello);
    expect(completion).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-\w+$/),
      object: "chat.completion",
      model: TEST_MODEL,
      system_fingerprint: expect.stringMatching(/^fp_/),
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello world", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 2,
        completion_tokens: 3,
        total_tokens: 5,
        prompt_tokens_details: { cached_tokens: 1 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
    expect(Math.abs(completion.created - Date.now() / 1000)).toBeLessThan(60);
    expect(completion._request_id).toMatch(/^req_/);
  });

  test("hands every sampling field to the engine", async () => {
    await using server = await startServer();
    const extras = { top_k: 40, min_p: 0.05, repeat_penalty: 1.1, ignore_eos: true };
    await server.client.chat.completions.create({
      ...hello,
      temperature: 0.3,
      top_p: 0.8,
      presence_penalty: 0.5,
      frequency_penalty: -0.5,
      seed: 7,
      stop: ["\n", "END"],
      logit_bias: { "11": -100 },
      max_completion_tokens: 9,
      user: "somebody",
      ...extras,
    });
    expect(engineRequests(server)).toMatchObject([
      {
        prompt: { kind: "chat", messages: [{ role: "user", content: "Say hello" }] },
        promptParam: "messages",
        maxTokens: 9,
        maxTotalTokens: null,
        stop: ["\n", "END"],
        ignoreEos: true,
        sampling: {
          temperature: 0.3,
          topP: 0.8,
          topK: 40,
          minP: 0.05,
          presencePenalty: 0.5,
          frequencyPenalty: -0.5,
          repeatPenalty: 1.1,
          seed: 7,
          logitBias: [[11, -100]],
        },
      },
    ]);
  });

  test("takes null for unset in every optional field", async () => {
    await using server = await startServer();
    const response = await post(server, {
      ...hello,
      temperature: null,
      top_p: null,
      top_k: null,
      min_p: null,
      presence_penalty: null,
      frequency_penalty: null,
      repeat_penalty: null,
      seed: null,
      stop: null,
      logit_bias: null,
      max_tokens: null,
      max_completion_tokens: null,
      stream: null,
      stream_options: null,
      ignore_eos: null,
      user: null,
      tools: null,
      response_format: null,
      n: null,
    });
    expect(response.status).toBe(200);
    expect(engineRequests(server)[0]).toMatchObject({
      maxTokens: null,
      stop: [],
      sampling: { temperature: 1 },
    });
  });

  test("draws another seed for each request that gives none", async () => {
    await using server = await startServer();
    await Promise.all([1, 2, 3].map(() => server.client.chat.completions.create(hello)));
    const seeds = engineRequests(server).map(({ sampling }) => sampling.seed);
    expect(new Set(seeds).size).toBe(3);
  });

  test("lets max_completion_tokens win over max_tokens, and ends with length", async () => {
    await using server = await startServer();
    const { choices } = await server.client.chat.completions.create({
      ...hello,
      max_tokens: 3,
      max_completion_tokens: 1,
    });
    expect(choices[0]).toMatchObject({ message: { content: "Hello" }, finish_reason: "length" });
  });

  test("is as long as the context allows with a limit of -1, whatever the deployment's", async () => {
    await using server = await startServer();
    await server.manager.deploy({ model_name: "brief", sampling: { max_tokens: 1 }, wait: true });
    for (const limit of [{ max_tokens: -1 }, { max_completion_tokens: -1 }]) {
      const { choices } = await server.client.chat.completions.create({ ...hello, model: "brief", ...limit });
      expect(choices[0]).toMatchObject({ message: { content: "Hello world" }, finish_reason: "stop" });
    }
  });

  test("takes every role, content parts, and a history with tool calls", async () => {
    await using server = await startServer();
    await server.client.chat.completions.create({
      model: TEST_MODEL,
      messages: [
        {
          role: "developer",
          content: [
            { type: "text", text: "Be" },
            { type: "text", text: "brief" },
          ],
        },
        { role: "user", content: [{ type: "text", text: "Weather?" }] },
        {
          role: "assistant",
          tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c1", content: "rain" },
      ],
    });
    expect(engineRequests(server)[0]?.prompt).toEqual({
      kind: "chat",
      messages: [
        { role: "system", content: "Be\nbrief" },
        { role: "user", content: "Weather?" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: "{}" } }],
        },
        { role: "tool", content: "rain", tool_call_id: "c1" },
      ],
    });
  });

  test("tolerates fields that nobody knows, also inside messages", async () => {
    await using server = await startServer();
    const response = await post(server, {
      ...hello,
      brand_new: { deep: [1] },
      messages: [{ role: "user", content: "x", cache_control: { type: "ephemeral" } }],
    });
    expect(response.status).toBe(200);
  });

  test("needs the model to be named, and to be deployed", async () => {
    await using server = await startServer();
    const missing = await post(server, { messages: hello.messages });
    expect(missing.status).toBe(400);
    expect(await missing.json()).toMatchObject({
      error: { type: "invalid_request_error", param: "model", code: "missing_required_parameter" },
    });
    const other = server.client.chat.completions.create({ ...hello, model: "other" });
    const error = await caught(other, NotFoundError);
    expect(error).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
    expect(error.requestID).toMatch(/^req_/);
  });

  test.each([
    [{ temperature: 2.5 }, "temperature"],
    [{ temperature: "hot" }, "temperature"],
    [{ top_p: 1.1 }, "top_p"],
    [{ top_k: 1.5 }, "top_k"],
    [{ min_p: -0.1 }, "min_p"],
    [{ presence_penalty: 3 }, "presence_penalty"],
    [{ frequency_penalty: -3 }, "frequency_penalty"],
    [{ repeat_penalty: 0 }, "repeat_penalty"],
    [{ seed: 1.5 }, "seed"],
    [{ stop: Array(65).fill("x") }, "stop"],
    [{ stop: 5 }, "stop"],
    [{ max_tokens: 0 }, "max_tokens"],
    [{ max_tokens: -2 }, "max_tokens"],
    [{ max_completion_tokens: 1.5 }, "max_completion_tokens"],
    [{ logit_bias: { "5": 101 } }, "logit_bias.5"],
    [{ logit_bias: { word: 1 } }, "logit_bias"],
    [{ stream: "yes" }, "stream"],
    [{ messages: [] }, "messages"],
    [{ messages: "hi" }, "messages"],
    [{ messages: [{ role: "wizard", content: "x" }] }, "messages.0.role"],
    [{ messages: [{ role: "user" }] }, "messages.0.content"],
    [{ messages: [{ role: "user", content: 5 }] }, "messages.0.content"],
    [{ messages: [{ content: "x" }] }, "messages.0.role"],
    [{ messages: [{ role: "user", content: [{ text: "x" }] }] }, "messages.0.content.0.type"],
    [{ stream_options: { include_usage: true } }, "stream_options"],
    [{ stream: true, stream_options: { include_usage: 1 } }, "stream_options.include_usage"],
  ])("answers 400 to %j, naming %s", async (wrong, param) => {
    await using server = await startServer();
    const response = await post(server, { ...hello, ...wrong });
    const body = (await response.json()) as object;
    expect({ status: response.status, body }).toMatchObject({
      status: 400,
      body: { error: { type: "invalid_request_error", param, message: expect.any(String) } },
    });
    expect(engineRequests(server)).toHaveLength(0);
  });

  test("refuses images by their path", async () => {
    await using server = await startServer();
    const asked = server.client.chat.completions.create({
      model: TEST_MODEL,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is it?" },
            { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } },
          ],
        },
      ],
    });
    expect(await caught(asked, BadRequestError)).toMatchObject({
      code: "unsupported_parameter",
      param: "messages.0.content.1.type",
    });
  });

  test("tells how long a prompt is that does not fit", async () => {
    await using server = await startServer({ contextLength: 4 });
    const content = "one two three four five";
    const asked = server.client.chat.completions.create({ ...hello, messages: [{ role: "user", content }] });
    const error = await caught(asked, BadRequestError);
    expect(error).toMatchObject({ code: "context_length_exceeded", param: "messages" });
    expect(error.message).toMatch(/5 tokens.*4 tokens/);
    // LiteLLM knows the error by these words and not by its code.
    expect(error.message).toContain("this model's maximum context length is");
  });

  test("answers 429 with Retry-After when the queue is full", async () => {
    await using server = await startServer({ slots: 1, prefillMs: 60_000 }, { queueLimit: 0 });
    const leaving = new AbortController();
    const first = server.client.chat.completions.create(hello, { signal: leaving.signal });
    const gone = caught(first, APIUserAbortError);
    await until(() => engineRequests(server).length > 0);
    fakeModel(server).activity.queued = Number.MAX_SAFE_INTEGER;
    const error = await caught(server.client.chat.completions.create(hello), RateLimitError);
    expect(error.code).toBe("queue_full");
    expect(Number(error.headers.get("retry-after"))).toBeGreaterThan(0);
    leaving.abort();
    await gone;
  });

  test("frees the slot when the client leaves, and gives the model back", async () => {
    await using server = await startServer({ prefillMs: 60_000 });
    const leaving = new AbortController();
    const asked = server.client.chat.completions.create(hello, { signal: leaving.signal });
    const gone = caught(asked, APIUserAbortError);
    await until(() => engineRequests(server).length > 0);
    expect(server.services.requests.list()).toHaveLength(1);
    leaving.abort();
    await gone;
    await until(() => fakeModel(server).cancelled > 0);
    expect(fakeModel(server).activity.busySlots).toBe(0);
    expect(server.services.requests.list()).toEqual([]);
    expect(server.services.requests.statistics()).toMatchObject({ cancelled: 1, failed: 0 });
  });

  test("says that the engine was lost, and when to come back", async () => {
    await using server = await startServer({ failAt: { index: 1, error: engineLost("signal SIGKILL") } });
    const asked = server.client.chat.completions.create(hello);
    const error = await caught(asked, InternalServerError);
    expect(error).toMatchObject({ status: 503, code: "engine_lost", type: "server_error" });
    expect(error.headers.get("retry-after")).toBe("5");
  });
});

function post(server: TestServer, body: object) {
  return postJson(server, "/v1/chat/completions", body);
}

const engineRequests = (server: TestServer) => fakeModel(server).requests;
