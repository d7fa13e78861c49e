import { describe, expect, test } from "bun:test";
import { APIError } from "openai";
import { caught, fakeModel, postJson, until } from "../support/inference.ts";
import { startServer, TEST_MODEL, type TestServer } from "../support/server.ts";

const hello = { model: TEST_MODEL, messages: [{ role: "user" as const, content: "my secret question" }] };

describe("GET /requests", () => {
  test("lists what is in flight, oldest first, without its text", async () => {
    await using server = await startServer({ prefillMs: 60_000 });
    const leaving = new AbortController();
    const options = { signal: leaving.signal, headers: { "x-request-id": "mine-1" } };
    const gone = caught(server.client.chat.completions.create(hello, options), Error);
    await until(() => server.services.requests.list().length === 1);
    const query = caught(ask(server, leaving.signal), Error);
    await until(() => fakeModel(server).activity.busySlots === 2);

    const text = await (await fetch(`${server.url}/requests`)).text();
    expect(text).not.toContain("secret");
    expect(JSON.parse(text)).toEqual({
      requests: [
        {
          id: expect.stringMatching(/^chatcmpl-/),
          request_id: "mine-1",
          endpoint: "/v1/chat/completions",
          model: TEST_MODEL,
          state: "prefill",
          started: expect.any(Number),
          elapsed_ms: expect.any(Number),
          prompt_tokens: 3,
          completion_tokens: 0,
        },
        expect.objectContaining({
          id: expect.stringMatching(/^query-/),
          endpoint: "/query",
          model: TEST_MODEL,
        }),
      ],
    });
    leaving.abort();
    await Promise.all([gone, query]);
    await until(() => server.services.requests.list().length === 0);
  });
});

describe("POST /requests/{id}/cancel", () => {
  test("ends a stream with a proper error in it", async () => {
    const pieces = Array.from({ length: 1000 }, (_, index) => `${index} `);
    await using server = await startServer({ pieces, decodeMs: 5 });
    const stream = await server.client.chat.completions.create({ ...hello, stream: true });
    let id = "";
    const reading = (async () => {
      for await (const chunk of stream) id = chunk.id;
    })();
    reading.catch(() => {});
    await until(() => id !== "");
    const response = await postJson(server, `/requests/${id}/cancel`, {});
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id });
    expect(await caught(reading, APIError)).toMatchObject({ code: "request_cancelled" });
    expect(fakeModel(server)).toMatchObject({ cancelled: 1, activity: { busySlots: 0 } });
  });

  test("ends a request that waits for its whole answer, which the client does not repeat", async () => {
    await using server = await startServer({ prefillMs: 60_000 });
    const patient = server.client.withOptions({ maxRetries: 2 });
    const answer = caught(patient.chat.completions.create(hello), APIError);
    await until(() => server.services.requests.list().length === 1);
    // No body and no content type: as curl sends it.
    const [running] = server.services.requests.list();
    await fetch(`${server.url}/requests/${running?.id}/cancel`, { method: "POST" });
    expect(await answer).toMatchObject({ status: 499, code: "request_cancelled" });
    expect(fakeModel(server).requests).toHaveLength(1);
  });

  test("answers 404 when there is none of that id", async () => {
    await using server = await startServer();
    const response = await postJson(server, "/requests/chatcmpl-1/cancel", {});
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: { code: "request_not_found", param: "id" },
      detail: expect.stringContaining("chatcmpl-1"),
    });
  });
});

async function ask(server: TestServer, signal: AbortSignal) {
  const body = JSON.stringify({ prompt: "another secret" });
  await fetch(`${server.url}/query`, { method: "POST", body, signal });
}
