import { beforeAll, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = join(import.meta.dir, "..", "..");

/** What the linter says of each of these files, in a folder that has our configuration and nothing else. */
async function lint(files: { place: string; code: string }[]): Promise<{ place: string; said: string }[]> {
  await using folder = await temporaryFolder();
  cpSync(join(ROOT, ".oxlintrc.json"), join(folder.path, ".oxlintrc.json"));
  for (const { place, code } of files) await Bun.write(join(folder.path, place), `${code}\n`);
  const child = Bun.spawn([process.execPath, join(ROOT, "node_modules/.bin/oxlint"), "--format=json"], {
    cwd: folder.path,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { diagnostics } = (await new Response(child.stdout).json()) as {
    diagnostics: { filename: string; code: string; help?: string; message: string }[];
  };
  return files.map(({ place }) => ({
    place,
    said: diagnostics
      .filter(({ filename }) => filename === place)
      .map(({ code, message, help = "" }) => `${code} ${message} ${help}`)
      .join("\n"),
  }));
}

const WRONG: [from: string, to: string, reason: string][] = [
  ["src/config.ts", "elysia", "know Elysia"],
  ["src/cli/check.ts", "systeminformation", "src/system systeminformation"],
  ["src/http/routes/chat.ts", "node-llama-cpp", "nothing behind"],
  ["src/http/routes/chat.ts", "../../store/database.ts", "nothing behind"],
  ["src/http/routes/chat.ts", "../../engine/process.ts", "types alone"],
  ["src/app.ts", "./engine/process.ts", "types alone"],
  ["src/services/chat.ts", "elysia", "neither HTTP nor llama.cpp"],
  ["src/services/chat.ts", "@elysiajs/swagger", "neither HTTP nor llama.cpp"],
  ["src/services/chat.ts", "../http/sse.ts", "neither HTTP nor llama.cpp"],
  ["src/services/chat.ts", "../engine/worker/slots.ts", "neither HTTP nor llama.cpp"],
  ["src/engine/process.ts", "../services/chat.ts", "leaves alone"],
  ["src/engine/process.ts", "./worker/slots.ts", "leaves alone"],
  ["src/engine/process.ts", "node-llama-cpp", "leaves alone"],
  ["src/engine/worker/main.ts", "../../services/chat.ts", "nothing of the server"],
  ["src/engine/worker/main.ts", "../../config.ts", "nothing of the server"],
  ["src/system/probe.ts", "../engine/process.ts", "leaves alone"],
  ["src/store/database.ts", "../services/chat.ts", "leaves alone"],
  ["src/store/database.ts", "../engine/process.ts", "types alone"],
  ["src/schemas/chat.ts", "../services/chat.ts", "a leaf"],
  ["src/formats/gguf/read.ts", "../../log.ts", "a leaf"],
  ["src/errors.ts", "./engine/engine.ts", "a leaf"],
  ["src/setup/set-up.ts", "../config.ts", "before any package"],
  ["src/setup/set-up.ts", "pino", "before any package"],
  ["public/main.ts", "../src/schemas/chat.ts", "never code"],
];

test.each(WRONG)("an arrow that points the wrong way does not pass: %s → %s", (from, to, reason) => {
  const said = verdicts.get(`${from} ${to}`);
  expect(said).toContain("no-restricted-imports");
  expect(said).toContain(reason);
});

/** What the linter says of each wrong arrow, found out in one go. */
const verdicts = new Map<string, string>();

beforeAll(async () => {
  // A file for each arrow: of most rules the folder counts, not the name.
  const byName = ["src/app.ts", "src/errors.ts"];
  const files = WRONG.map(([from, to], index) => ({
    place: byName.includes(from) ? from : from.replace(/[^/]+$/, `${index}.ts`),
    code: `import { thing } from "${to}";\nthing();`,
  }));
  const found = await lint(files);
  for (const [index, [from, to]] of WRONG.entries()) verdicts.set(`${from} ${to}`, found[index]?.said ?? "");
});

test("types may cross where the code may not", async () => {
  const found = await lint([
    { place: "public/a.ts", code: 'import type { A } from "../src/schemas/a.ts";\nexport const a: A = 1;' },
    { place: "src/http/a.ts", code: 'import type { A } from "../engine/engine.ts";\nexport const a: A = 1;' },
  ]);
  expect(found.map(({ said }) => said)).toEqual(["", ""]);
});

test("of the server's types, the page may know the schemas alone", async () => {
  const code = 'import type { A } from "../src/services/a.ts";\nexport const a: A = 1;';
  expect((await lint([{ place: "public/a.ts", code }]))[0]?.said).toContain("schemas alone");
});

test("neither a file above 400 lines nor one that only passes others on goes through", async () => {
  const found = await lint([
    { place: "src/long.ts", code: "export {};\n".repeat(401) },
    { place: "src/index.ts", code: 'export * from "./other.ts";' },
    { place: "src/other.ts", code: "export const other = 1;" },
  ]);
  expect(found[0]?.said).toContain("max-lines");
  expect(found[1]?.said).toContain("no-barrel-file");
});
