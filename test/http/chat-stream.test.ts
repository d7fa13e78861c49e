import { describe, expect, test } from "bun:test";
import { APIError, BadRequestError } from "openai";
import { engineLost } from "../../src/errors.ts";
import { caught, fakeModel, postJson, until } from "../support/inference.ts";
import { startServer, TEST_MODEL, type TestServer } from "../support/server.ts";

const hello = { model: TEST_MODEL, messages: [{ role: "user" as const, content: "Say hello" }] };
const streamed = { ...hello, stream: true as const };

describe("a streamed chat completion", () => {
  test("sends the role, the text, the reason and the usage, in this order", async () => {
    await using server = await startServer({ pieces: ["Hello", "", " world"], cachedTokens: 1 });
    const { headers, frames } = await readFrames(server, {
      ...streamed,
      stream_options: { include_usage: true },
    });
    expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(headers.get("x-accel-buffering")).toBe("no");
    expect(headers.get("x-request-id")).toMatch(/^req_/);
    expect(frames.at(-1)).toBe("[DONE]");

    const chunks = frames.slice(0, -1).map((frame) => JSON.parse(frame));
    expect(chunks.map(({ choices, usage }) => ({ choices, usage }))).toEqual([
      { choices: [choice({ role: "assistant", content: "" })], usage: null },
      { choices: [choice({ content: "Hello" })], usage: null },
      { choices: [choice({ content: " world" })], usage: null },
      { choices: [choice({}, "stop")], usage: null },
      {
        choices: [],
        usage: {
          prompt_tokens: 2,
          completion_tokens: 3,
          total_tokens: 5,
          prompt_tokens_details: { cached_tokens: 1 },
          completion_tokens_details: { reasoning_tokens: 0 },
        },
      },
    ]);
    const heads = chunks.map(({ id, object, created, model, system_fingerprint }) =>
      JSON.stringify({ id, object, created, model, system_fingerprint }),
    );
    expect(new Set(heads).size).toBe(1);
    expect(chunks[0]).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-\w+$/),
      object: "chat.completion.chunk",
      created: expect.any(Number),
      model: TEST_MODEL,
    });
  });

  test("says nothing of usage unless asked", async () => {
    await using server = await startServer();
    const { frames } = await readFrames(server, streamed);
    expect(frames.join()).not.toContain("usage");
    expect(frames).toHaveLength(6);
  });

  test("reads well with for await", async () => {
    await using server = await startServer();
    let text = "";
    for await (const chunk of await server.client.chat.completions.create(streamed))
      text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello world");
  });

  test("reads well with the client's stream helper", async () => {
    await using server = await startServer({ finishReason: "length" });
    const stream = server.client.chat.completions.stream({
      ...hello,
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]).toMatchObject({
      message: { role: "assistant", content: "Hello world" },
      finish_reason: "length",
    });
    expect(await stream.totalUsage()).toMatchObject({ prompt_tokens: 2, completion_tokens: 3 });
  });

  test("fails as an ordinary answer before it begins", async () => {
    await using server = await startServer({ contextLength: 2 });
    const asked = server.client.chat.completions.create(streamed);
    expect(await caught(asked, BadRequestError)).toMatchObject({ code: "context_length_exceeded" });
    const response = await postJson(server, "/v1/chat/completions", { ...streamed, model: "other" });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toStartWith("application/json");
  });

  test("that fails half way raises an error in the reader, and never looks complete", async () => {
    const script = { failAt: { index: 2, error: engineLost("signal SIGKILL") } };
    await using server = await startServer(script);
    const stream = await server.client.chat.completions.create(streamed);
    const texts: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of stream) texts.push(chunk.choices[0]?.delta.content);
    })();
    expect(await caught(reading, APIError)).toMatchObject({ code: "engine_lost", type: "server_error" });
    expect(texts).toEqual(["", "Hello", " wor"]);

    const { frames } = await readFrames(server, streamed);
    expect(frames.at(-1)).toContain('{"error":{"message":');
    expect(frames).not.toContain("[DONE]");
    expect(server.services.requests.statistics()).toMatchObject({ failed: 2, finished: 0, running: 0 });
  });

  test("ends when the reader breaks out of its loop", async () => {
    const pieces = Array.from({ length: 1000 }, (_, index) => `${index} `);
    await using server = await startServer({ pieces, decodeMs: 5 });
    for await (const chunk of await server.client.chat.completions.create(streamed))
      if (chunk.choices[0]?.delta.content === "1 ") break;
    await until(() => fakeModel(server).cancelled === 1);
    expect(fakeModel(server).activity.busySlots).toBe(0);
    expect(server.services.requests.list()).toEqual([]);
  });

  test("ends when the client leaves before the first token", async () => {
    await using server = await startServer({ prefillMs: 60_000 });
    const stream = await server.client.chat.completions.create(streamed);
    await until(() => fakeModel(server).activity.busySlots === 1);
    stream.controller.abort();
    await until(() => fakeModel(server).cancelled === 1);
    expect(fakeModel(server).activity.busySlots).toBe(0);
    await until(() => server.services.requests.list().length === 0);
  });

  test("does not disturb another one by leaving", async () => {
    const pieces = Array.from({ length: 20 }, (_, index) => `${index} `);
    await using server = await startServer({ pieces, decodeMs: 2 });
    const leaver = await server.client.chat.completions.create(streamed);
    const stayer = server.client.chat.completions.stream(hello).finalContent();
    for await (const _ of leaver) break;
    expect(await stayer).toBe(pieces.join(""));
  });
});

function choice(delta: object, finishReason: string | null = null) {
  return { index: 0, delta, logprobs: null, finish_reason: finishReason };
}

async function readFrames(server: TestServer, body: object) {
  const response = await postJson(server, "/v1/chat/completions", body);
  const text = await response.text();
  expect(text).toEndWith("\n\n");
  const frames = text
    .split("\n\n")
    .slice(0, -1)
    .map((frame) => {
      expect(frame).toStartWith("data: ");
      return frame.slice("data: ".length);
    });
  return { headers: response.headers, frames };
}
