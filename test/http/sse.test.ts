import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import pino from "pino";
import { queueFull } from "../../src/errors.ts";
import { answerError } from "../../src/http/errors.ts";
import { attachContext } from "../../src/http/request-context.ts";
import { type SseOptions, sse, sseNamed } from "../../src/http/sse.ts";
import { comment, frame } from "../../src/http/sse-frame.ts";
import { eventually } from "../support/eventually.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startServer } from "../support/server.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

interface StreamServer extends AsyncDisposable {
  port: number;
  url: string;
  /** Lines of the server's log. */
  logged: string[];
}

/** A server whose every answer is the stream of one generator. */
function serveStream(
  generate: (signal: AbortSignal) => AsyncGenerator<unknown>,
  options: SseOptions = {},
): StreamServer {
  const logged: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void logged.push(line) });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      attachContext(request, { id: "req_test", log });
      return sse(generate(request.signal), request, options).catch((error: unknown) =>
        answerError(error, request, "/v1/test"),
      );
    },
  });
  const port = server.port ?? 0;
  return { port, url: `http://127.0.0.1:${port}`, logged, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** Waits like an engine: until the time is over or the client is gone. */
async function work(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  await promise.finally(() => clearTimeout(timer));
}

describe("a frame", () => {
  test("is one line of JSON, whatever the text holds", () => {
    expect(text(frame({ a: "x\ny\r\nz\u2028" }))).toBe('data: {"a":"x\\ny\\r\\nz\u2028"}\n\n');
  });

  test("keeps characters of every length whole", () => {
    expect(text(frame("aé€😀"))).toBe('data: "aé€😀"\n\n');
  });

  test("can not be broken out of by an event name or a comment", () => {
    expect(text(frame(1, "a\n\ndata: 2"))).toBe("event: a data: 2\ndata: 1\n\n");
    expect(text(comment("a\r\n\r\nb"))).toBe(": a b\n\n");
  });
});

describe("a stream", () => {
  test("sends one event per item, then [DONE], with headers that no proxy buffers", async () => {
    await using server = serveStream(async function* () {
      yield { n: 1 };
      yield { n: 2 };
    });
    const answer = await fetch(server.url);
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(answer.headers.get("x-accel-buffering")).toBe("no");
    expect(await answer.text()).toBe('data: {"n":1}\n\ndata: {"n":2}\n\ndata: [DONE]\n\n');
  });

  test("sends each item at once and does not wait for the next", async () => {
    const next = Promise.withResolvers<void>();
    await using server = serveStream(async function* () {
      yield 1;
      await next.promise;
      yield 2;
    });
    using socket = await RawSocket.open(server.port);
    socket.request("GET /");
    expect(await socket.until(/data: 1\n\n/)).not.toContain("data: 2");
    next.resolve();
    await socket.until(/data: 2\n\n/);
  });

  test("of nothing is [DONE] alone", async () => {
    await using server = serveStream(async function* () {});
    expect(await (await fetch(server.url)).text()).toBe("data: [DONE]\n\n");
  });

  test("with named events has no [DONE]", async () => {
    const request = new Request("http://localhost/");
    const answer = await sseNamed(
      (async function* () {
        yield { event: "stats", data: { n: 1 } };
      })(),
      request,
    );
    expect(await answer.text()).toBe('event: stats\ndata: {"n":1}\n\n');
  });

  test("pings while it waits for the first item, and again between items", async () => {
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    await using server = serveStream(
      async function* () {
        await first.promise;
        yield 1;
        await second.promise;
        yield 2;
      },
      { pingEveryMs: 10 },
    );
    using socket = await RawSocket.open(server.port);
    socket.request("GET /");
    const waiting = await socket.until(/: ping\n\n[^]*: ping\n\n/);
    expect(waiting).toStartWith("HTTP/1.1 200 ");
    first.resolve();
    await socket.until(/data: 1\n\n[^]*: ping\n\n/);
    second.resolve();
    await socket.until(/data: 2\n\n[^]*data: \[DONE\]\n\n/);
  });

  test("stops making items while the client does not read", async () => {
    let made = 0;
    let ended = false;
    await using server = serveStream(async function* () {
      try {
        for (; made < 20_000; made++) yield "x".repeat(16_384);
      } finally {
        ended = true;
      }
    });
    using socket = await RawSocket.open(server.port);
    socket.pause();
    socket.request("GET /");
    let before = -1;
    // Once the buffers of both kernels are full, nothing more is made.
    for (; made === 0 || made !== before; await Bun.sleep(100)) before = made;
    expect(made).toBeLessThan(5000);
    expect(ended).toBe(false);
    socket[Symbol.dispose]();
    await eventually(() => ended, "the generator has ended");
  });
});

describe("a failure", () => {
  test("before the first item is an ordinary status", async () => {
    // oxlint-disable-next-line require-yield -- it fails before it has something to say
    await using server = serveStream(async function* () {
      throw queueFull(9);
    });
    const answer = await fetch(server.url);
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe("2");
    expect(await answer.json()).toMatchObject({ error: { code: "queue_full" } });
  });

  test("after it is an error event and no [DONE], and the SDK throws it with its code", async () => {
    await using server = serveStream(async function* () {
      yield { choices: [] };
      throw queueFull(9);
    });
    expect(await (await fetch(server.url)).text()).toMatch(
      /^data: \{"choices":\[\]\}\n\ndata: \{"error":.*\}\n\n$/,
    );
    expect(server.logged.join()).toContain('"code":"queue_full"');

    const client = new OpenAI({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
    const stream = await client.chat.completions.create({ model: "m", messages: [], stream: true });
    const read = async () => {
      for await (const _ of stream);
    };
    expect(await read().catch((error: unknown) => error)).toMatchObject({ code: "queue_full" });
  });

  test("during the pings, before any item, is told in the stream too", async () => {
    // oxlint-disable-next-line require-yield -- it fails before it has something to say
    await using server = serveStream(
      async function* () {
        await Bun.sleep(30);
        throw queueFull(9);
      },
      { pingEveryMs: 5 },
    );
    const answer = await fetch(server.url);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/^: ping\n\n[^]*data: \{"error":[^]*"code":"queue_full"\}\}\n\n$/);
  });

  test("that is a bug hides its text from the client and logs it", async () => {
    await using server = serveStream(async function* () {
      yield 1;
      throw new Error("secret detail");
    });
    const body = await (await fetch(server.url)).text();
    expect(body).toContain('"code":"internal_error"');
    expect(body).not.toContain("secret detail");
    expect(server.logged.join()).toContain("secret detail");
  });

  test("to encode an item is told in the stream, and ends the generator", async () => {
    let ended = false;
    await using server = serveStream(async function* () {
      try {
        yield 1;
        yield 2n;
      } finally {
        ended = true;
      }
    });
    expect(await (await fetch(server.url)).text()).toMatch(/^data: 1\n\ndata: \{"error":/);
    await eventually(() => ended, "the generator has ended");
  });
});

describe("a client that leaves", () => {
  test.each([
    ["before the first item", /^$/, 10_000],
    ["during the pings", /: ping\n\n/, 5],
  ])("%s aborts the work", async (_when, seen, pingEveryMs) => {
    const asked = Promise.withResolvers<void>();
    let reason: unknown;
    // oxlint-disable-next-line require-yield -- the client leaves before it has something to say
    await using server = serveStream(
      async function* (signal) {
        asked.resolve();
        await work(60_000, signal).catch((error: unknown) => {
          reason = error;
          throw error;
        });
      },
      { pingEveryMs },
    );
    const socket = await RawSocket.open(server.port);
    socket.request("GET /");
    await asked.promise;
    await socket.until(seen);
    socket[Symbol.dispose]();
    await eventually(() => reason !== undefined, "the work is aborted");
    await Bun.sleep(10);
    expect(server.logged.join()).not.toContain('"level":50');
  });

  test("between items ends the generator, which cleans up after itself", async () => {
    let made = 0;
    let cleaned = false;
    await using server = serveStream(async function* (signal) {
      try {
        while (true) {
          yield made++;
          await work(5, signal);
        }
      } finally {
        cleaned = true;
      }
    });
    const socket = await RawSocket.open(server.port);
    socket.request("GET /");
    await socket.until(/data: 2\n\n/);
    socket[Symbol.dispose]();
    await eventually(() => cleaned, "the generator has cleaned up");
    const then = made;
    await Bun.sleep(30);
    expect(made).toBe(then);
  });

  test("while the prompt is evaluated frees the slot, through the whole server", async () => {
    await using server = await startServer({ prefillMs: 60_000 });
    const leave = new AbortController();
    const answer = server.client.chat.completions.create(
      { model: "test-model", messages: [{ role: "user", content: "Hi" }], stream: true },
      { signal: leave.signal },
    );
    const gone = answer.then(
      async (stream) => {
        for await (const _ of stream);
      },
      () => {},
    );
    const model = server.engine.models[0];
    await eventually(() => model?.activity.busySlots === 1, "the request has a slot");
    leave.abort();
    await eventually(() => model?.activity.busySlots === 0, "the slot is free");
    await gone;
    expect(model?.cancelled).toBe(1);
  });
});

test("a server that stops at once cuts the stream instead of ending it well", async () => {
  const server = serveStream(async function* (signal) {
    yield 1;
    await work(60_000, signal);
  });
  using socket = await RawSocket.open(server.port);
  socket.request("GET /");
  await socket.until(/data: 1\n\n/);
  await server[Symbol.asyncDispose]();
  await eventually(() => socket.closed, "the connection is closed");
  expect(socket.received).not.toContain("[DONE]");
  // The last chunk of a chunked body: its absence tells a client that the answer is cut.
  expect(socket.received).not.toEndWith("0\r\n\r\n");
});
