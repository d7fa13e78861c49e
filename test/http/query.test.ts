import { describe, expect, test } from "bun:test";
import { fakeModel, postJson, until } from "../support/inference.ts";
import { startServer, TEST_MODEL, type TestServer } from "../support/server.ts";

describe("POST /query", () => {
  test("answers the documented fields, with the current model", async () => {
    await using server = await startServer();
    expect(await ask(server, { prompt: "What is a token?" })).toEqual({
      status: 200,
      body: {
        response: "Hello world",
        model_name: TEST_MODEL,
        generation_time: expect.any(Number),
        input_tokens: 4,
        output_tokens: 3,
      },
    });
  });

  test("has the documented defaults, and sends the prompt through the chat template", async () => {
    await using server = await startServer();
    await ask(server, { prompt: "Hi" });
    expect(fakeModel(server).requests).toMatchObject([
      {
        prompt: { kind: "chat", messages: [{ role: "user", content: "Hi" }] },
        promptParam: "prompt",
        maxTokens: null,
        maxTotalTokens: 512,
        sampling: { temperature: 0.7, topP: 0.9, topK: 50, repeatPenalty: 1 },
      },
    ]);
  });

  test("measures generation_time in seconds", async () => {
    await using server = await startServer({ prefillMs: 60 });
    const { body } = await ask(server, { prompt: "Hi" });
    expect(body.generation_time).toBeGreaterThan(0.05);
    expect(body.generation_time).toBeLessThan(30);
  });

  test("lets max_new_tokens win over max_length", async () => {
    await using server = await startServer();
    const { body } = await ask(server, { prompt: "one two three", max_new_tokens: 2, max_length: 3 });
    expect(body).toMatchObject({ response: "Hello wor", output_tokens: 2 });
    expect(fakeModel(server).requests[0]).toMatchObject({ maxTokens: 2, maxTotalTokens: null });
  });

  test.each([3, 4])(
    "refuses 4 words of prompt with max_length %d, telling both numbers",
    async (max_length) => {
      await using server = await startServer();
      const { status, body } = await ask(server, { prompt: "one two three four", max_length });
      expect(status).toBe(400);
      expect(body).toMatchObject({
        error: { type: "invalid_request_error", code: "max_length_exceeded", param: "max_length" },
        detail: expect.stringMatching(new RegExp(`4 tokens.*${max_length}`)),
      });
      expect(fakeModel(server).activity.busySlots).toBe(0);
      expect(server.services.requests.statistics()).toMatchObject({ failed: 1, running: 0 });
    },
  );

  test("is greedy with do_sample false, whatever the temperature", async () => {
    await using server = await startServer();
    await ask(server, { prompt: "Hi", do_sample: false, temperature: 1.5 });
    expect(fakeModel(server).requests[0]?.sampling).toMatchObject({ temperature: 0, topK: 0, topP: 1 });
  });

  test("answers several times with different seeds", async () => {
    await using server = await startServer();
    const { body } = await ask(server, { prompt: "Hi there", num_return_sequences: 3 });
    expect(body).toMatchObject({
      response: "Hello world",
      responses: ["Hello world", "Hello world", "Hello world"],
      input_tokens: 2,
      output_tokens: 9,
    });
    const seeds = fakeModel(server).requests.map(({ sampling }) => sampling.seed);
    expect(new Set(seeds).size).toBe(3);
  });

  test.each([{ do_sample: false }, { temperature: 0 }, { top_k: 1 }, { top_p: 0 }])(
    "refuses to answer several times the same with %j",
    async (sure) => {
      await using server = await startServer();
      const { status, body } = await ask(server, { prompt: "Hi", num_return_sequences: 2, ...sure });
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: { param: "num_return_sequences" } });
    },
  );

  test.each([
    [{ temperature: 0 }, { temperature: 0.5 }],
    [{ top_k: 1 }, { top_k: 0 }],
    [{ top_p: 0 }, { top_p: 0.5 }],
    [{ min_p: 1 }, null],
  ])("refuses it too where the deployment has %j, and takes %j instead", async (sampling, instead) => {
    await using server = await startServer();
    await server.manager.deploy({ model_name: "sure", sampling, wait: true });
    const several = { model_name: "sure", prompt: "Hi", num_return_sequences: 2 };
    const field = Object.keys(sampling)[0];
    expect(await ask(server, several)).toMatchObject({
      status: 400,
      body: { error: { param: "num_return_sequences", message: expect.stringContaining(`'${field}'`) } },
    });
    expect(server.services.requests.statistics()).toMatchObject({ failed: 1, cancelled: 0 });
    if (instead) expect((await ask(server, { ...several, ...instead })).body.responses).toHaveLength(2);
  });

  test("asks the model it names, else the one deployed last", async () => {
    await using server = await startServer();
    await server.manager.deploy({ model_name: "newer", wait: true });
    expect((await ask(server, { prompt: "Hi" })).body.model_name).toBe("newer");
    expect((await ask(server, { prompt: "Hi", model_name: TEST_MODEL })).body.model_name).toBe(TEST_MODEL);
    const { status, body } = await ask(server, { prompt: "Hi", model_name: "other" });
    expect(status).toBe(404);
    expect(body).toMatchObject({
      error: { code: "model_not_found" },
      detail: expect.stringContaining("other"),
    });
  });

  test("says that nothing is deployed", async () => {
    await using server = await startServer({}, { deploy: null });
    const { status, body } = await ask(server, { prompt: "Hi" });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { code: "no_model_deployed" },
      detail: expect.stringContaining("No model is deployed"),
    });
  });

  test("says that a model is loading, and when to come back", async () => {
    await using server = await startServer({ loadMs: 60_000 }, { deploy: null });
    await server.manager.deploy({ model_name: "slow" });
    const response = await postJson(server, "/query", { prompt: "Hi" });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ error: { code: "model_loading" } });
  });

  test.each([
    [{}, "prompt"],
    [{ prompt: "" }, "prompt"],
    [{ prompt: 5 }, "prompt"],
    [{ prompt: "x", max_length: 0 }, "max_length"],
    [{ prompt: "x", max_new_tokens: 1.5 }, "max_new_tokens"],
    [{ prompt: "x", temperature: 3 }, "temperature"],
    [{ prompt: "x", top_p: 2 }, "top_p"],
    [{ prompt: "x", top_k: -1 }, "top_k"],
    [{ prompt: "x", do_sample: "no" }, "do_sample"],
    [{ prompt: "x", num_return_sequences: 0 }, "num_return_sequences"],
    [{ prompt: "x", num_return_sequences: 9 }, "num_return_sequences"],
    [{ prompt: "x", num_beams: 4 }, "num_beams"],
  ])("answers 400 to %j, naming %s", async (body, param) => {
    await using server = await startServer();
    expect(await ask(server, body)).toMatchObject({
      status: 400,
      body: { error: { param, type: "invalid_request_error" }, detail: expect.any(String) },
    });
  });

  test("takes null for unset", async () => {
    await using server = await startServer();
    const unset = { max_length: null, max_new_tokens: null, temperature: null, top_p: null, top_k: null };
    const more = { do_sample: null, num_return_sequences: null, model_name: null };
    expect((await ask(server, { prompt: "Hi", ...unset, ...more })).status).toBe(200);
  });

  test("frees its slots when the client leaves", async () => {
    await using server = await startServer({ prefillMs: 60_000 });
    const leaving = new AbortController();
    const gone = fetch(`${server.url}/query`, {
      method: "POST",
      body: JSON.stringify({ prompt: "Hi", num_return_sequences: 2 }),
      signal: leaving.signal,
    }).catch((error: unknown) => error);
    await until(() => fakeModel(server).activity.busySlots === 2);
    leaving.abort();
    await gone;
    await until(() => fakeModel(server).cancelled === 2);
    expect(fakeModel(server).activity.busySlots).toBe(0);
  });
});

async function ask(server: TestServer, request: object) {
  const response = await postJson(server, "/query", request);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
