import { Type } from "@sinclair/typebox";
import { describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import pino from "pino";
import { ApiError, deploymentFailed, engineLost, queueFull } from "../../src/errors.ts";
import { answerError, errorHandler } from "../../src/http/errors.ts";
import { frontDoor } from "../../src/http/front-door.ts";
import { attachContext } from "../../src/http/request-context.ts";
import { Maybe } from "../../src/schemas/shared.ts";
import { testConfig } from "../support/config.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { type Envelope, refusal } from "../support/refusal.ts";
import { startServer } from "../support/server.ts";

describe("a body that is no JSON", () => {
  test.each(["{", "", "nonsense", '{"model_name":"x"', "{'a':1}", "\u0000"])(
    "%j is 400 invalid_json",
    async (body) => {
      expect(await refusal("/deploy", body)).toMatchObject({
        status: 400,
        type: "invalid_request_error",
        code: "invalid_json",
        param: null,
      });
    },
  );

  test.each(["[]", '"text"', "7", "null", "true"])("%s is JSON, but not what is asked for", async (body) => {
    expect(await refusal("/deploy", body)).toMatchObject({ status: 400, type: "invalid_request_error" });
  });
});

test("a body is read as JSON whatever content-type it has, or none", async () => {
  await using server = await startServer();
  for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense"]) {
    const headers = { "content-type": type };
    const answer = await fetch(`${server.url}/tokenize`, {
      method: "POST",
      headers,
      body: '{"prompt":"Hi"}',
    });
    expect(answer.status, type).toBe(200);
  }
  using socket = await RawSocket.open(server.port);
  socket.request("POST /tokenize", { "Content-Length": "15" }, '{"prompt":"Hi"}');
  expect(await socket.until(/\}$/)).toStartWith("HTTP/1.1 200 ");
});

test("keys that name parts of JavaScript objects are data like any other", async () => {
  await using server = await startServer();
  const body = `{"prompt":"Hi","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`;
  expect((await fetch(`${server.url}/query`, { method: "POST", body })).status).toBe(200);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(await refusal("/deploy", '{"__proto__":{"model_name":"x"}}')).toMatchObject({
    status: 400,
    param: "model_name",
  });
});

describe("a URL that is not there", () => {
  test.each([
    "/nope",
    "/v1",
    "/v1/nope",
    "/deploy/nope",
    "//health",
    "/%2e%2e/etc/passwd",
    "/%zz",
    "/v1/engines/%00",
  ])("%s is 404 unknown_url", async (path) => {
    await using server = await startServer();
    using socket = await RawSocket.open(server.port);
    socket.request(`GET ${path}`);
    const answer = await socket.until(/\}$/);
    expect(answer).toStartWith("HTTP/1.1 404 ");
    expect(answer).toContain('"code":"unknown_url"');
    expect(answer).toMatch(/x-request-id: req_/);
  });

  test("has detail on the documented endpoints and not below /v1", async () => {
    await using server = await startServer();
    const ours = (await (await fetch(`${server.url}/nope`)).json()) as Envelope;
    expect(ours.detail).toBe(ours.error.message);
    expect(await (await fetch(`${server.url}/v1/nope`)).json()).not.toHaveProperty("detail");
  });

  test("is shown without being interpreted", async () => {
    await using server = await startServer();
    const answer = await fetch(`${server.url}/<script>alert(1)</script>`);
    expect(answer.headers.get("content-type")).toStartWith("application/json");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("a method that is not there", () => {
  test.each([
    ["GET", "/deploy", "POST, OPTIONS"],
    ["DELETE", "/status", "GET, HEAD, OPTIONS"],
    ["PUT", "/v1/chat/completions", "POST, OPTIONS"],
    ["POST", "/v1/models/org%2Fmodel", "GET, HEAD, OPTIONS"],
    ["GET", "/requests/abc/cancel", "POST, OPTIONS"],
    ["PATCH", "/health/", "GET, HEAD, OPTIONS"],
    ["POST", "/static/icon.svg", "GET, HEAD, OPTIONS"],
  ])("%s %s is 405 and says what is", async (method, path, allow) => {
    await using server = await startServer();
    const answer = await fetch(server.url + path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe(allow);
    expect(await answer.json()).toMatchObject({ error: { code: "method_not_allowed" } });
  });
});

describe("HEAD", () => {
  test("has the headers of GET and no body", async () => {
    await using server = await startServer();
    const [head, get] = await Promise.all([
      fetch(`${server.url}/health`, { method: "HEAD" }),
      fetch(`${server.url}/health`),
    ]);
    expect(head.status).toBe(200);
    expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
    expect(head.headers.get("content-length")).toBe(get.headers.get("content-length"));
    expect(await head.text()).toBe("");
  });

  test("of an event stream ends at once and leaves nobody listening", async () => {
    await using server = await startServer();
    const answer = await fetch(`${server.url}/events`, { method: "HEAD" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toStartWith("text/event-stream");
    // What GET sends has no length, so a length would be a lie.
    expect(answer.headers.get("content-length")).toBeNull();
    expect(await answer.text()).toBe("");
  });

  test("of what has no GET is 405, and of an unknown URL 404", async () => {
    await using server = await startServer();
    expect((await fetch(`${server.url}/deploy`, { method: "HEAD" })).status).toBe(405);
    expect((await fetch(`${server.url}/nope`, { method: "HEAD" })).status).toBe(404);
  });
});

test("OPTIONS says what a URL answers, and 404 for an unknown one", async () => {
  await using server = await startServer();
  const known = await fetch(`${server.url}/status`, { method: "OPTIONS" });
  expect([known.status, known.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
  expect((await fetch(`${server.url}/nope`, { method: "OPTIONS" })).status).toBe(404);
});

describe("x-request-id", () => {
  test("is on every answer, and a client's own comes back", async () => {
    await using server = await startServer();
    for (const path of [
      "/health",
      "/nope",
      "/deploy",
      "/static/icon.svg",
      "/static/nope",
      "/docs",
      "/docs/json",
      "/web-interface",
    ]) {
      expect((await fetch(server.url + path)).headers.get("x-request-id"), path).toMatch(
        /^req_[0-9a-f]{32}$/,
      );
      const headers = { "x-request-id": "trace-1234:5" };
      expect((await fetch(server.url + path, { headers })).headers.get("x-request-id"), path).toBe(
        "trace-1234:5",
      );
    }
  });

  test.each(["a b", 'a"b', "x".repeat(200), "<b>", ""])(
    "that is not fit for a log line (%j) is replaced",
    async (id) => {
      await using server = await startServer();
      const answer = await fetch(`${server.url}/health`, { headers: { "x-request-id": id } });
      expect(answer.headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/);
    },
  );

  test("is what the SDK shows of a stream and of an error", async () => {
    await using server = await startServer();
    const request = {
      model: "test-model",
      messages: [{ role: "user" as const, content: "Hi" }],
      stream: true as const,
    };
    const { response } = await server.client.chat.completions.create(request).withResponse();
    expect(response.headers.get("x-request-id")).toStartWith("req_");
    const error = await server.client.models.retrieve("nope").catch((e: unknown) => e);
    expect(error).toMatchObject({ status: 404, requestID: expect.stringMatching(/^req_/) });
  });
});

test("headers too large for any sane client are refused, and the server goes on", async () => {
  await using server = await startServer();
  using socket = await RawSocket.open(server.port);
  socket.request("GET /health", { "x-large": "a".repeat(100_000) });
  expect(await socket.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

describe("a route that throws", () => {
  const logged: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void logged.push(line) });
  const app = new Elysia({ systemRouter: false });
  const router = () => app.router;
  app
    .wrap(frontDoor({ config: testConfig("/nowhere"), log, router }))
    .use(errorHandler(router))
    .get("/bug", async () => {
      throw new Error("the password is 1234", { cause: new Error("the cause") });
    })
    .get("/odd", async () => {
      throw "not even an error";
    })
    .get("/lie", async () => ({ n: "a secret answer" }) as unknown as { n: number }, {
      response: Type.Object({ n: Type.Number() }),
    })
    .get("/busy", async () => {
      throw queueFull(3);
    })
    .get("/lost", async () => {
      throw engineLost("killed");
    })
    .get("/broken", async () => {
      throw deploymentFailed("m", "no such file");
    })
    .get("/teapot", async () => {
      throw new ApiError(418, "invalid_request_error", "I am a teapot");
    })
    .post("/union", async () => "ok", {
      parse: "json",
      body: Type.Object({
        choice: Type.Union([
          Type.Object({ kind: Type.Literal("a"), size: Type.Integer() }),
          Type.Object({ kind: Type.Literal("b"), name: Maybe(Type.String()) }),
        ]),
        maybe: Maybe(Type.Integer({ minimum: 1 })),
      }),
    });

  const get = (path: string) => app.handle(new Request(`http://localhost${path}`));
  const complaint = async (body: object) => {
    const request = new Request("http://localhost/union", { method: "POST", body: JSON.stringify(body) });
    return ((await (await app.handle(request)).json()) as Envelope).error;
  };

  test.each(["/bug", "/odd"])(
    "by mistake (%s) answers 500 with a fixed sentence and logs the cause",
    async (path) => {
      logged.length = 0;
      const answer = await get(path);
      const { error } = (await answer.json()) as Envelope;
      expect([answer.status, error.code, error.type]).toEqual([500, "internal_error", "server_error"]);
      expect(error.message).not.toContain("1234");
      const line = JSON.parse(logged.find((entry) => entry.includes("request failed")) ?? "{}") as {
        request: string;
      };
      expect(line.request).toBe(answer.headers.get("x-request-id") ?? "missing");
      if (path === "/bug") expect(logged.join()).toContain("the cause");
    },
  );

  test("that was meant is no error in the log, however often a probe asks", async () => {
    logged.length = 0;
    expect((await get("/lost")).status).toBe(503);
    expect(logged.map((line) => (JSON.parse(line) as { level: number }).level)).not.toContain(50);
    expect(logged.join()).not.toContain("stack");
  });

  test("by an answer that breaks its own schema is our fault, not the client's", async () => {
    logged.length = 0;
    const answer = await get("/lie");
    expect(answer.status).toBe(500);
    expect(logged.join()).toContain("'/n'");
    expect(logged.join()).not.toContain("a secret answer");
    expect(await answer.json()).toMatchObject({ error: { code: "internal_error", param: null } });
  });

  test("on purpose answers its own status, and says when to come back or not to", async () => {
    const headers = async (path: string) => {
      const answer = await get(path);
      return [answer.status, answer.headers.get("retry-after"), answer.headers.get("x-should-retry")];
    };
    expect(await headers("/busy")).toEqual([429, "2", null]);
    expect(await headers("/lost")).toEqual([503, "5", null]);
    expect(await headers("/broken")).toEqual([503, null, "false"]);
    expect(await headers("/teapot")).toEqual([418, null, "false"]);
    // Whether a bug strikes again nobody knows; the SDK may try.
    expect(await headers("/bug")).toEqual([500, null, null]);
  });

  test("a union is explained by the branch that was meant", async () => {
    expect(await complaint({ choice: { kind: "c" } })).toMatchObject({
      param: "choice.kind",
      message: `'choice.kind' must be one of "a", "b"`,
    });
    expect(await complaint({ choice: { kind: "a", size: "big" } })).toMatchObject({
      param: "choice.size",
      code: "invalid_type",
    });
    expect(await complaint({ choice: { kind: "b", name: 7 } })).toMatchObject({ param: "choice.name" });
    expect(await complaint({ choice: 7 })).toMatchObject({ param: "choice" });
    expect(await complaint({ choice: { kind: "b" }, maybe: 0 })).toMatchObject({
      param: "maybe",
      code: "invalid_value",
    });
    expect(await complaint({ choice: { kind: "b" }, maybe: "1" })).toMatchObject({
      param: "maybe",
      code: "invalid_type",
    });
  });
});

test("work that ends because its client has left is no failure of the server", () => {
  const logged: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void logged.push(line) });
  const gone = new AbortController();
  const request = new Request("http://127.0.0.1/deploy", { method: "POST", signal: gone.signal });
  attachContext(request, { id: "req_test", log });
  gone.abort();
  expect(answerError(request.signal.reason, request, "/deploy").status).toBe(499);
  expect(logged).toEqual([]);
  expect(answerError(new Error("a fault of ours"), request, "/deploy").status).toBe(500);
  expect(logged).toHaveLength(1);
});
