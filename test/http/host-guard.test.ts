import { describe, expect, test } from "bun:test";
import { RawSocket } from "../support/raw-socket.ts";
import { startServer, type TestOptions } from "../support/server.ts";

const EVIL = "https://evil.example";

/** The status of a request whose Host header is as given. */
async function statusOf(host: string | null, options: TestOptions = {}): Promise<number> {
  await using server = await startServer({}, options);
  using socket = await RawSocket.open(server.port);
  const line = host === null ? "" : `Host: ${host}\r\n`;
  socket.write(`GET /status HTTP/1.0\r\n${line}\r\n`);
  const answer = await socket.until(/^HTTP\/1\.1 \d+ /);
  return Number(answer.split(" ")[1]);
}

/** A POST that changes nothing when it is let in, from a page. */
async function postFrom(headers: Record<string, string>, options: TestOptions = {}): Promise<Response> {
  await using server = await startServer({}, options);
  const answer = await fetch(`${server.url}/tokenize`, {
    method: "POST",
    body: '{"prompt":"Hi"}',
    headers: { "content-type": "text/plain", ...headers },
  });
  return new Response(await answer.text(), answer);
}

describe("the Host header on a loopback bind", () => {
  test.each(["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:8000"])(
    "%s is served",
    async (host) => expect(await statusOf(host)).toBe(200),
  );

  test.each([
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1, evil.example",
    "127.0.0.1/evil",
    "user@127.0.0.1@evil.example",
    "[::2]",
    "[",
    ":",
    "x:99999",
    "192.168.0.1",
  ])("%s is refused", async (host) => expect(await statusOf(host)).toBe(403));

  test("a program that sends none is served", async () => {
    expect(await statusOf(null)).toBe(200);
  });

  test("a configured name is served beside loopback", async () => {
    expect(await statusOf("berth.example", { allowedHosts: ["berth.example"] })).toBe(200);
    expect(await statusOf("berth.example:8000", { allowedHosts: ["Berth.Example"] })).toBe(200);
    expect(await statusOf("127.0.0.1", { allowedHosts: ["berth.example"] })).toBe(200);
    expect(await statusOf("evil.example", { allowedHosts: ["berth.example"] })).toBe(403);
  });

  test("a star serves every name", async () => {
    expect(await statusOf("anything.example", { allowedHosts: ["*"] })).toBe(200);
  });

  test.each(["a", "[", ":", "a b", "x:99999", ""])(
    "a star serves even %j, from which no URL can be made",
    async (host) => {
      expect(await statusOf(host, { allowedHosts: ["*"] })).toBe(200);
    },
  );
});

test("another bind is reached by names the server can not know, so each is served unless some are configured", async () => {
  expect(await statusOf("berth.example", { host: "0.0.0.0" })).toBe(200);
  expect(await statusOf("berth.example", { host: "0.0.0.0", allowedHosts: ["other.example"] })).toBe(403);
});

describe("a page of another origin", () => {
  test("can not change anything, even with a request that needs no preflight", async () => {
    const answer = await postFrom({ origin: EVIL });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({
      error: { code: "origin_not_allowed", type: "permission_error" },
    });
  });

  test.each([
    "null",
    "file://",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example:80",
    "chrome-extension://x",
  ])("is refused as %s", async (origin) => expect((await postFrom({ origin })).status).toBe(403));

  test("is refused when the browser sends no origin but says that the request is cross-site", async () => {
    expect((await postFrom({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await postFrom({ "sec-fetch-site": "same-origin" })).status).toBe(200);
  });

  test("can not read: it is refused, without CORS headers, before anything is looked up for it", async () => {
    await using server = await startServer();
    for (const path of ["/status", "/hub/search?q=llama", "/nope"]) {
      const answer = await fetch(server.url + path, { headers: { origin: EVIL } });
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({
        error: { message: expect.stringContaining(`'${EVIL}' may not use this server`) },
      });
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      expect(answer.headers.get("vary")).toContain("origin");
    }
  });

  test("gets no leave from a preflight", async () => {
    await using server = await startServer();
    const answer = await preflight(server.url, EVIL);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("access-control-allow-methods")).toBeNull();
  });
});

test("a link on another site may lead to a page of ours, but nothing here is loaded into its pages", async () => {
  await using server = await startServer();
  const status = async (kind: string, path = "/") => {
    const headers = { accept: "text/html", "sec-fetch-site": "cross-site", "sec-fetch-dest": kind };
    return (await fetch(server.url + path, { headers })).status;
  };
  expect(await status("document")).toBe(200);
  // The page would see nothing of the answer, but the server would have worked for it.
  for (const kind of ["image", "script", "iframe", "empty"]) expect(await status(kind), kind).toBe(403);
  // So it would for a link that leads to work.
  for (const path of ["/models/estimate?model=https://site.example/m.gguf", "/hub/search?q=llama", "/nope"])
    expect(await status("document", path), path).toBe(403);
  for (const path of ["/?x=1", "/web-interface", "/docs"]) expect(await status("document", path)).toBe(200);
});

describe("a page that is served", () => {
  test("our own page may change things, also behind a proxy that speaks TLS", async () => {
    await using server = await startServer();
    for (const origin of [server.url, server.url.replace("http:", "https:")]) {
      const answer = await fetch(`${server.url}/tokenize`, {
        method: "POST",
        headers: { origin },
        body: '{"prompt":"Hi"}',
      });
      expect(answer.status).toBe(200);
    }
  });

  test("pages of this machine are no strangers to a loopback bind, but are to another", async () => {
    expect((await postFrom({ origin: "http://localhost:5173" })).status).toBe(200);
    expect((await postFrom({ origin: "http://localhost:5173" }, { host: "0.0.0.0" })).status).toBe(403);
  });

  test("a configured origin may read and change, without credentials", async () => {
    const answer = await postFrom({ origin: EVIL }, { allowedOrigins: [`${EVIL}/`] });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe(EVIL);
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    expect(answer.headers.get("access-control-expose-headers")).toContain("x-request-id");
  });

  test("a page from disk may be allowed by the origin it has", async () => {
    const answer = await postFrom({ origin: "file://" }, { allowedOrigins: ["file://"] });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe("file://");
  });

  test("a star allows every origin, the opaque one too", async () => {
    const answer = await postFrom({ origin: "null" }, { allowedOrigins: ["*"] });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("the preflight of an SDK names every header that it asks for", async () => {
    await using server = await startServer({}, { allowedOrigins: [EVIL] });
    const asked = "authorization,content-type,x-stainless-arch,x-stainless-retry-count,user-agent,x-evil";
    const answer = await preflight(server.url, EVIL, asked);
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe(EVIL);
    expect(answer.headers.get("access-control-allow-methods")).toBe("POST, OPTIONS");
    const allowed = answer.headers.get("access-control-allow-headers")?.split(", ");
    expect(allowed).toContainValues([
      "authorization",
      "content-type",
      "x-api-key",
      "openai-organization",
      "openai-project",
      "openai-beta",
      "anthropic-version",
      "anthropic-beta",
      "x-stainless-arch",
      "x-stainless-retry-count",
      "user-agent",
    ]);
    expect(allowed).not.toContain("x-evil");
  });

  test("an allowed origin can read errors, so that a page can show them", async () => {
    await using server = await startServer({}, { allowedOrigins: [EVIL] });
    const answer = await fetch(`${server.url}/nope`, { headers: { origin: EVIL } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("access-control-allow-origin")).toBe(EVIL);
  });
});

function preflight(url: string, origin: string, headers = "content-type"): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": headers,
    },
  });
}
