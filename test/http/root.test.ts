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

  test("lists every endpoint there is, and no other", async () => {
    await using server = await startServer();
    const { endpoints } = (await (await fetch(server.url)).json()) as { endpoints: Record<string, string> };
    const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as Specification;
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const listed = Object.values(endpoints);
    expect(listed.filter((one) => !EXTRA.includes(one)).toSorted()).toEqual(
      documented.filter((one) => one !== "GET /").toSorted(),
    );
    for (const extra of EXTRA) {
      expect(listed).toContain(extra);
      expect((await fetch(server.url + extra.replace("GET ", ""))).status, extra).toBe(200);
    }
  });
});

/** What is no endpoint of the specification, but part of it. */
const EXTRA = ["GET /docs", "GET /openapi.json"];

interface Specification {
  paths: Record<string, Record<string, object>>;
}
