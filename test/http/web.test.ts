import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebPage } from "../../src/http/web.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => void (server = await startServer()));
afterAll(() => server.stop());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { headers: { "accept-encoding": "identity", ...headers } });

/** The paths of everything the page at `path` loads. */
async function linked(path: string): Promise<string[]> {
  const page = await (await get(path)).text();
  return Array.from(
    page.matchAll(/<(?:link|script|img)\b[^>]*?\s(?:href|src)="([^"]+)"/g),
    ([, url = ""]) => url,
  );
}

describe("the page", () => {
  test("is always at /web-interface, and at / for whoever prefers HTML", async () => {
    const page = await (await get("/web-interface", { accept: "application/json" })).text();
    expect(page).toContain("<title>Berth</title>");
    const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    expect(await (await get("/", { accept: browser })).text()).toBe(page);
    expect((await get("/", { accept: "*/*" })).headers.get("content-type")).toContain("application/json");
  });

  test.each(["/web-interface", "/docs"])("%s loads only what this server serves", async (path) => {
    const urls = await linked(path);
    expect(urls.length).toBeGreaterThan(2);
    for (const url of urls) {
      expect(url).toStartWith("/");
      const { status, headers } = await get(url);
      expect([url, status]).toEqual([url, 200]);
      expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'(?!.*unsafe)/);
    }
  });

  test.each(["/web-interface", "/docs"])("%s allows no inline code and no other host", async (path) => {
    const { headers } = await get(path);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(await (await get(path)).text()).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
  });

  test("its assets are named by their content and cached for good, the page itself is asked for again", async () => {
    const assets = (await linked("/web-interface")).filter((url) => url.startsWith("/assets/"));
    expect(assets.length).toBeGreaterThan(2);
    for (const url of assets) {
      expect(url).toMatch(/-[0-9a-z]{8}\.\w+$/);
      expect((await get(url)).headers.get("cache-control")).toContain("immutable");
    }
    expect((await get("/web-interface")).headers.get("cache-control")).toBe("no-cache");
    expect((await get("/assets/none-00000000.js")).status).toBe(404);
  });

  test.each(["gzip", "zstd"])("comes packed with %s, under an ETag of its own", async (packing) => {
    const plain = await get("/web-interface");
    const packed = await get("/web-interface", { "accept-encoding": packing });
    expect(packed.headers.get("content-encoding")).toBe(packing);
    expect(packed.headers.get("vary")).toContain("accept-encoding");
    expect(Number(packed.headers.get("content-length"))).toBeLessThan(
      Number(plain.headers.get("content-length")),
    );
    expect(packed.headers.get("etag")).not.toBe(plain.headers.get("etag"));
    expect(await packed.text()).toBe(await plain.text());
  });

  test.each(["/web-interface", "/docs", "/docs/swagger-ui.css"])(
    "%s is not sent twice to a client that has it",
    async (path) => {
      const etag = (await get(path)).headers.get("etag") ?? "";
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        const answer = await get(path, { "if-none-match": known });
        expect([known, answer.status, await answer.text()]).toEqual([known, 304, ""]);
        expect(answer.headers.get("etag")).toBe(etag);
      }
      expect((await get(path, { "if-none-match": '"other"' })).status).toBe(200);
    },
  );

  test("stays out of the specification, but for /web-interface", async () => {
    const { paths } = (await (await get("/docs/json")).json()) as { paths: Record<string, unknown> };
    expect(paths).toContainKey("/web-interface");
    expect(Object.keys(paths).filter((path) => /^\/(docs|static|assets)/.test(path))).toEqual([]);
  });
});

test("a mistake in the page stops the start with the bundler's own message", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-page-"));
  await Bun.write(join(folder, "index.html"), '<script type="module" src="./main.ts"></script>');
  await Bun.write(join(folder, "main.ts"), 'import "./lost.ts";');
  for (const name of ["pdf-worker.ts", "formulas.css"]) await Bun.write(join(folder, name), "");
  const failure = await WebPage.build(folder).catch((error: unknown) => error);
  await rm(folder, { recursive: true });
  expect(Bun.inspect(failure)).toContain("lost.ts");
});

describe("the API reference", () => {
  test("reads the specification of this very server", async () => {
    const script = await (await get("/docs/reference.js")).text();
    expect(script).toContain('url: "/docs/json"');
    expect((await get("/docs/json")).headers.get("content-type")).toContain("application/json");
  });

  test("serves the files it needs of the viewer and none besides", async () => {
    expect((await get("/docs/swagger-ui-bundle.js.LICENSE.txt")).status).toBe(200);
    for (const name of [
      "package.json",
      "index.html",
      "swagger-ui.css.map",
      "swagger-initializer.js",
      "index.js",
    ])
      expect([name, (await get(`/docs/${name}`)).status]).toEqual([name, 404]);
  });
});
