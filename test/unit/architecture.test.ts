import { expect, test } from "bun:test";
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = join(import.meta.dir, "..", "..");

/** What the linter says of a file with this one line at this place. */
async function lint(place: string, line: string): Promise<{ code: number; said: string }> {
  await using folder = await temporaryFolder();
  cpSync(join(ROOT, ".oxlintrc.json"), join(folder.path, ".oxlintrc.json"));
  const file = join(folder.path, place);
  mkdirSync(dirname(file), { recursive: true });
  await Bun.write(file, `${line}\n`);
  const child = Bun.spawn([process.execPath, join(ROOT, "node_modules/oxlint/bin/oxlint"), place], {
    cwd: folder.path,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [code, said] = await Promise.all([child.exited, new Response(child.stdout).text()]);
  return { code, said };
}

test.each([
  ["src/services/x.ts", 'import { Elysia } from "elysia"; new Elysia();', "know Elysia"],
  ["src/services/x.ts", 'import { sse } from "../http/sse.ts"; sse();', "one way"],
  ["src/engine/x.ts", 'import { getLlama } from "node-llama-cpp"; getLlama();', "node-llama-cpp"],
  ["src/engine/worker/x.ts", 'import { chat } from "../../services/chat.ts"; chat();', "one way"],
  ["src/http/x.ts", 'import si from "systeminformation"; si.cpu();', "systeminformation"],
  ["src/schemas/x.ts", 'import { chat } from "../services/chat.ts"; chat();', "leaf"],
  ["src/setup/x.ts", 'import { log } from "../log.ts"; log();', "set-up runs before"],
  ["public/x.ts", 'import { Device } from "../src/schemas/device.ts"; Device();', "never code"],
])("an arrow that points the wrong way does not pass: %s with %s", async (place, line, reason) => {
  const { code, said } = await lint(place, line);
  expect(said).toContain(reason);
  expect(code).toBe(1);
});

test("the page may take types from the server", async () => {
  const line = 'import type { Device } from "../src/schemas/device.ts"; export const d: Device = "cpu";';
  expect((await lint("public/x.ts", line)).said).not.toContain("never code");
});
