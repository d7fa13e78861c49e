import { describe, expect, test } from "bun:test";
import { BadRequestError } from "openai";
import { caught, fakeModel, postJson, until } from "../support/inference.ts";
import { startServer, TEST_MODEL } from "../support/server.ts";

const ask = { model: TEST_MODEL, prompt: "Once upon a time" };

describe("POST /v1/completions", () => {
  test("answers the openai client, without chat template", async () => {
    await using server = await startServer({ cachedTokens: 2 });
    const completion = await server.client.completions.create({ ...ask, seed: 3, stop: "END" });
    expect(completion).toMatchObject({
      id: expect.stringMatching(/^cmpl-\w+$/),
      object: "text_completion",
      created: expect.any(Number),
      model: TEST_MODEL,
      system_fingerprint: expect.stringMatching(/^fp_/),
      choices: [{ text: "Hello world", index: 0, logprobs: null, finish_reason: "stop" }],
      usage: {
        prompt_tokens: 4,
        completion_tokens: 3,
        total_tokens: 7,
        prompt_tokens_details: { cached_tokens: 2 },
      },
    });
    expect(fakeModel(server).requests).toMatchObject([
      {
        prompt: { kind: "text", text: "Once upon a time" },
        promptParam: "prompt",
        maxTokens: 16,
        stop: ["END"],
        sampling: { seed: 3, temperature: 1, topP: 1 },
      },
    ]);
  });

  test("takes as many stop strings as editors send that complete code", async () => {
    await using server = await startServer();
    const stop = ["\n\n", "\r\n\r\n", "/src/", "#- coding: utf-8", "```"];
    await server.client.completions.create({ ...ask, stop });
    expect(fakeModel(server).requests).toMatchObject([{ stop }]);
  });

  test("takes token ids for a prompt", async () => {
    await using server = await startServer();
    const { usage } = await server.client.completions.create({ ...ask, prompt: [5, 6, 7], max_tokens: 2 });
    expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 2 });
    expect(fakeModel(server).requests[0]).toMatchObject({
      prompt: { kind: "tokens", tokens: [5, 6, 7] },
      maxTokens: 2,
    });
  });

  test.each([[["one", "two two", "three three three"]], [[[1], [2, 2], [3, 3, 3]]]])(
    "gives one choice for each of %j, in order, and sums up the usage",
    async (prompt) => {
      await using server = await startServer();
      const completion = await server.client.completions.create({ ...ask, prompt });
      expect(completion.choices).toEqual(
        [0, 1, 2].map((index) => ({ text: "Hello world", index, logprobs: null, finish_reason: "stop" })),
      );
      expect(completion.usage).toMatchObject({ prompt_tokens: 6, completion_tokens: 9, total_tokens: 15 });
      const ids = fakeModel(server).requests.map(({ id }) => id);
      expect(new Set(ids).size).toBe(3);
    },
  );

  test("is as long as either name of the limit allows", async () => {
    await using server = await startServer();
    for (const limit of [
      { max_tokens: 2 },
      { max_completion_tokens: 2 },
      { max_tokens: 2, max_completion_tokens: 9 },
    ]) {
      await server.client.completions.create({ model: ask.model, prompt: "Hi", ...limit });
      expect(fakeModel(server).requests.at(-1)?.maxTokens).toBe(2);
    }
  });

  test("is as long as the context allows with a limit of -1", async () => {
    await using server = await startServer();
    await server.client.completions.create({ model: ask.model, prompt: "Hi", max_tokens: -1 });
    expect(fakeModel(server).requests.at(-1)?.maxTokens).toBeNull();
  });

  test("streams the text, the reason and the usage", async () => {
    await using server = await startServer();
    const stream = await server.client.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.map(({ choices, usage }) => [choices[0]?.text, choices[0]?.finish_reason, usage])).toEqual([
      ["Hello", null, null],
      [" wor", null, null],
      ["ld", null, null],
      ["", "stop", null],
      [undefined, undefined, expect.objectContaining({ prompt_tokens: 4, completion_tokens: 3 })],
    ]);
    expect(chunks.at(-1)?.choices).toEqual([]);
    expect(new Set(chunks.map(({ id, created, model }) => [id, created, model].join())).size).toBe(1);
    expect(chunks[0]?.object).toBe("text_completion");
  });

  test("streams several prompts side by side, each with its own end", async () => {
    await using server = await startServer({ decodeMs: 1 });
    const texts = ["", "", ""];
    const ends: number[] = [];
    const stream = await server.client.completions.create({ ...ask, prompt: ["a", "b", "c"], stream: true });
    for await (const { choices } of stream) {
      for (const { index, text, finish_reason } of choices) {
        texts[index] += text;
        if (finish_reason !== null) ends.push(index);
      }
    }
    expect(texts).toEqual(Array(3).fill("Hello world"));
    expect(new Set(ends)).toEqual(new Set([0, 1, 2]));
    expect(ends).toHaveLength(3);
  });

  test("tells which prompts take the place of one that is answered", async () => {
    await using server = await startServer({ slots: 2 });
    await server.client.completions.create({ ...ask, prompt: ["a", "b", "c", "d"] });
    expect(fakeModel(server).requests.map(({ follows }) => follows ?? false)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  test("takes no more slots for one request than there are", async () => {
    await using server = await startServer({ slots: 2, decodeMs: 1 }, { queueLimit: 0 });
    const prompt = Array.from({ length: 9 }, (_, index) => `prompt ${index}`);
    const { choices } = await server.client.completions.create({ ...ask, prompt });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("refuses a stream as a whole when one of its prompts does not fit", async () => {
    await using server = await startServer({ contextLength: 4 });
    const asked = server.client.completions.create({ ...ask, prompt: ["a", "a b c d e"], stream: true });
    const error = await caught(asked, BadRequestError);
    expect(error).toMatchObject({ code: "context_length_exceeded", param: "prompt" });
    expect(error.message).toMatch(/5 tokens.*4 tokens/);
    expect(fakeModel(server).requests).toHaveLength(0);
    expect(server.services.requests.statistics()).toMatchObject({ failed: 1, cancelled: 0 });
  });

  test("ends all its prompts when the client leaves", async () => {
    const pieces = Array.from({ length: 1000 }, (_, index) => `${index} `);
    await using server = await startServer({ pieces, decodeMs: 5 });
    const stream = await server.client.completions.create({
      ...ask,
      prompt: ["a", "b"],
      max_tokens: 1000,
      stream: true,
    });
    for await (const _ of stream) break;
    await until(() => fakeModel(server).cancelled === 2);
    expect(fakeModel(server).activity.busySlots).toBe(0);
  });

  test.each<[param: string, what: string, wrong: object]>([
    ["prompt", "nothing", { prompt: null }],
    ["prompt", "no prompt at all", { prompt: [] }],
    ["prompt", "an empty list of tokens", { prompt: [[]] }],
    ["prompt", "a token below zero", { prompt: [-1] }],
    ["prompt", "more prompts than a client can tell apart", { prompt: Array(129).fill("x") }],
    ["max_tokens", "no token at all", { max_tokens: 0 }],
    ["temperature", "a temperature below zero", { temperature: -1 }],
    ["stream_options", "options for a stream without one", { stream_options: {} }],
  ])("answers 400 naming %s to %s", async (param, _what, wrong) => {
    await using server = await startServer();
    const response = await postJson(server, "/v1/completions", { ...ask, ...wrong });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { param: string; type: string } };
    expect(error.type).toBe("invalid_request_error");
    expect(error.param.split(".")[0]).toBe(param);
  });
});
