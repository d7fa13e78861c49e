import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startServer, type TestServer } from "../support/server.ts";

const LIMIT = 1000;

const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n`;

const limited = () => startServer({}, { bodyLimit: LIMIT });

async function expectTooLarge(socket: RawSocket): Promise<void> {
  const answer = await socket.until(/"detail":.*\}$/);
  expect(answer).toStartWith("HTTP/1.1 413 ");
  expect(answer).toContain('"code":"request_too_large"');
  expect(answer).toMatch(/\r\nx-request-id: req_/);
}

async function expectStillServing(server: TestServer): Promise<void> {
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
}

test("a body that declares more than the limit is refused before it is sent", async () => {
  await using server = await limited();
  using socket = await RawSocket.open(server.port);
  socket.request("POST /deploy", { "Content-Length": String(LIMIT + 1) });
  await expectTooLarge(socket);
});

test("a body without content-length is refused as soon as it passes the limit", async () => {
  await using server = await limited();
  using socket = await RawSocket.open(server.port);
  // The last chunk never comes: a server that reads to the end first would never answer.
  socket.request("POST /deploy", { "Transfer-Encoding": "chunked" }, chunk(400) + chunk(400) + chunk(400));
  await expectTooLarge(socket);
  await expectStillServing(server);
});

test("a connection serves its next request after a refused body", async () => {
  await using server = await limited();
  using socket = await RawSocket.open(server.port);
  socket.request("POST /deploy", { "Content-Length": "5000" }, "x".repeat(5000));
  await expectTooLarge(socket);
  socket.request("GET /health");
  await socket.until(/\{"status":"ok"\}$/);
});

test("a chunked body within the limit is read like any other", async () => {
  await using server = await limited();
  using socket = await RawSocket.open(server.port);
  const body = '{"prompt":"Hi"}';
  const half = 8;
  const parts = [body.slice(0, half), body.slice(half)].map(
    (part) => `${part.length.toString(16)}\r\n${part}\r\n`,
  );
  socket.request("POST /query", { "Transfer-Encoding": "chunked" }, `${parts.join("")}0\r\n\r\n`);
  expect(await socket.until(/"response":"Hello world"/)).toStartWith("HTTP/1.1 200 ");
});

test("a client that sent a chunked body is missed like any other when it leaves", async () => {
  await using server = await startServer({ prefillMs: 60_000 });
  const socket = await RawSocket.open(server.port);
  socket.request("POST /query", { "Transfer-Encoding": "chunked" }, 'f\r\n{"prompt":"Hi"}\r\n0\r\n\r\n');
  const busy = () => server.engine.models[0]?.activity.busySlots;
  await eventually(() => busy() === 1, "the request has a slot");
  socket[Symbol.dispose]();
  await eventually(() => busy() === 0, "the slot is free");
});

test("a body of exactly the limit is accepted", async () => {
  await using server = await limited();
  const head = '{"prompt":"';
  const body = `${head}${"x".repeat(LIMIT - head.length - 2)}"}`;
  expect(body).toHaveLength(LIMIT);
  expect((await fetch(`${server.url}/query`, { method: "POST", body })).status).toBe(200);
  expect((await fetch(`${server.url}/query`, { method: "POST", body: `${body} ` })).status).toBe(413);
});

test("an SDK gets the refusal as an error with its code, and is told not to retry", async () => {
  await using server = await limited();
  const messages = [{ role: "user" as const, content: "x".repeat(LIMIT) }];
  const error = await server.client.chat.completions
    .create({ model: "test-model", messages })
    .catch((e: unknown) => e);
  expect(error).toMatchObject({ status: 413, code: "request_too_large", type: "invalid_request_error" });
});

test.each([
  "Content-Length: 5\r\nTransfer-Encoding: chunked",
  "Content-Length: -1",
  "Content-Length: 4\r\nContent-Length: 5",
])("a request whose length is ambiguous is refused: %j", async (headers) => {
  await using server = await limited();
  using socket = await RawSocket.open(server.port);
  socket.write(`POST /deploy HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n\r\n0\r\n\r\n`);
  expect(await socket.until(/\r\n\r\n/)).toStartWith("HTTP/1.1 400 ");
});

const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

test.each(["/v1/chat/completions", "/v1/completions", "/query", "/deploy", "/tokenize", "/models/pull"])(
  "a body of %s that is nested without end is refused, however deep",
  async (path) => {
    await using server = await startServer();
    for (const levels of [300, 100_000]) {
      const answer = await fetch(`${server.url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: `{"messages":${nested(levels)},"prompt":${nested(levels)}}`,
      });
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain("nested deeper");
    }
    await expectStillServing(server);
  },
);

test("what is wrong deep in a large body is told without writing the body out", async () => {
  await using server = await startServer();
  const wide = `[${"7,".repeat(200_000)}7]`;
  const deep = `${"[".repeat(150)}${wide}${"]".repeat(150)}`;
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: `{"model":"test-model","messages":${deep}}`,
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { param: "messages.0", code: "invalid_type" } });
});
