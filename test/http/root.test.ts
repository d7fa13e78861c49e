import { describe, expect, test } from "bun:test";
import { prefersHtml } from "../../src/http/accept.ts";
import { startServer } from "../support/server.ts";

const CHROME =
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";

describe("an Accept header", () => {
  test.each([
    [CHROME, true],
    ["text/html", true],
    ["TEXT/HTML; charset=utf-8", true],
    ["text/*", true],
    ["application/json;q=0.9, text/html", true],
    ["text/html;q=0.1, application/json;q=0", true],
    [null, false],
    ["", false],
    ["*/*", false],
    ["application/json", false],
    ["application/json, text/plain, */*", false],
    ["text/html, application/json", false],
    ["text/html;q=0.5, application/json", false],
    ["text/html;q=0, */*", false],
    ["*/*, text/html;q=0.5", false],
    ["text/html;q=nonsense", false],
    [",;,q=1", false],
  ])("%p prefers HTML: %p", (accept, expected) => {
    expect(prefersHtml(accept)).toBe(expected);
  });
});

describe("GET /", () => {
  test("tells a program what is here", async () => {
    await using server = await startServer();
    const answer = await fetch(server.url);
    expect(answer.headers.get("content-type")).toStartWith("application/json");
    expect(answer.headers.get("vary")).toContain("accept");
    expect(await answer.json()).toEqual({
      service: "Berth",
      version: "0.0.0-test",
      endpoints: expect.objectContaining({
        deploy: "POST /deploy",
        query: "POST /query",
        status: "GET /status",
        undeploy: "DELETE /undeploy",
      }),
    });
  });

  test("shows a browser the page", async () => {
    await using server = await startServer();
    const answer = await fetch(server.url, { headers: { accept: CHROME } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toStartWith("text/html");
    expect(answer.headers.get("vary")).toContain("accept");
    expect(await answer.text()).toStartWith("<!doctype html>");
  });

  test("lists only endpoints that exist", async () => {
    await using server = await startServer();
    const { endpoints } = (await (await fetch(server.url)).json()) as { endpoints: Record<string, string> };
    for (const endpoint of Object.values(endpoints)) {
      const [method = "", path = ""] = endpoint.split(" ");
      const answer = await fetch(server.url + path, { method: "OPTIONS" });
      expect(answer.headers.get("allow")?.split(", "), endpoint).toContain(method);
    }
  });
});
