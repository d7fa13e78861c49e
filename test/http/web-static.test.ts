import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Elysia } from "elysia";
import { staticFiles } from "../../src/http/static-files.ts";
import { rawRequest } from "../support/raw-request.ts";
import { startServer, type TestServer } from "../support/server.ts";

const SECRET = "not for the world";

describe("a folder under /static", () => {
  let home: string;
  let app: Elysia;
  let port: number;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "berth-static-"));
    const folder = join(home, "static");
    await mkdir(join(folder, "deep"), { recursive: true });
    await Bun.write(join(home, "secret.txt"), SECRET);
    await Bun.write(join(folder, "hello.txt"), "hello");
    await Bun.write(join(folder, "deep", "name with spaces.txt"), "spaces");
    for (const name of [".env", ".git/config", "deep/.hidden"]) await Bun.write(join(folder, name), SECRET);
    await symlink(join(home, "secret.txt"), join(folder, "link.txt"));
    await symlink(home, join(folder, "up"));
    app = new Elysia().use(await staticFiles(folder));
    app.listen({ hostname: "127.0.0.1", port: 0 });
    port = app.server?.port ?? 0;
    await Bun.write(join(folder, "later.txt"), SECRET);
  });

  afterAll(async () => {
    await app.stop(true);
    await rm(home, { recursive: true });
  });

  test("serves its files as they lie", async () => {
    expect((await rawRequest(port, "/static/hello.txt")).text).toEndWith("hello");
    expect((await rawRequest(port, "/static/deep/name%20with%20spaces.txt")).text).toEndWith("spaces");
  });

  test("answers 304 to whoever has the file, with the same headers of caution", async () => {
    const { url, headers } = await fetch(`http://127.0.0.1:${port}/static/hello.txt`);
    const etag = headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[^"]+"$/);
    // A proxy that packs the file makes its ETag a weak one.
    for (const known of [etag, `W/${etag}`, "*"])
      expect((await fetch(url, { headers: { "if-none-match": known } })).status, known).toBe(304);
    expect((await fetch(url, { headers: { "if-none-match": '"another"' } })).status).toBe(200);
    expect(headers.get("content-security-policy")).toContain("sandbox");
  });

  test.each([
    ["a parent folder", "/static/../secret.txt"],
    ["an encoded slash", "/static/..%2fsecret.txt"],
    ["encoded dots", "/static/%2e%2e/secret.txt"],
    ["everything encoded", "/static/%2e%2e%2fsecret.txt"],
    ["double encoding", "/static/%252e%252e%252fsecret.txt"],
    ["a backslash", "/static/..\\secret.txt"],
    ["an encoded backslash", "/static/..%5csecret.txt"],
    ["a double slash", "/static//../secret.txt"],
    ["a way down and up again", "/static/deep/../../secret.txt"],
    ["an absolute path", "/static//etc/passwd"],
    ["a zero byte", "/static/hello.txt%00.png"],
    ["a dotfile", "/static/.env"],
    ["a file in a dot folder", "/static/.git/config"],
    ["a dotfile further down", "/static/deep/.hidden"],
    ["an encoded dotfile", "/static/%2eenv"],
    ["a symlink to a file", "/static/link.txt"],
    ["a file behind a symlink to a folder", "/static/up/secret.txt"],
    ["a file that came after the start", "/static/later.txt"],
    ["the folder itself", "/static/"],
  ])("does not give away %s", async (_, target) => {
    const { status, text } = await rawRequest(port, target);
    expect([400, 404]).toContain(status);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain("root:");
  });
});

describe("the server's own /static", () => {
  let server: TestServer;
  beforeAll(async () => void (server = await startServer()));
  afterAll(() => server.stop());

  test("has the icon and the manifest", async () => {
    const icon = await fetch(`${server.url}/static/icon.svg`);
    expect(icon.headers.get("content-type")).toContain("image/svg+xml");
    const manifest = await fetch(`${server.url}/static/manifest.webmanifest`);
    expect(await manifest.json()).toMatchObject({ name: "Berth", start_url: "/web-interface" });
  });

  test.each([
    "/static/../index.html",
    "/static/..%2findex.html",
    "/static/..%2f..%2fpackage.json",
    "/static/main.ts",
    "/public/main.ts",
    "/index.html",
    "/main.ts",
    "/docs/..%2f..%2fpackage.json",
    "/assets/..%2findex.html",
  ])("%s is an unknown URL in the usual envelope", async (target) => {
    const { status, text } = await rawRequest(server.port, target);
    expect(status).toBe(404);
    expect(text).toContain('"code":"unknown_url"');
  });
});
