import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../src/config.ts";
import { ERROR_CODES } from "../../src/error-codes.ts";
import {
  cells,
  endpointsTable,
  readReadme,
  section,
  settingsTable,
  writeSection,
} from "../support/readme-tables.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startServer } from "../support/server.ts";

const SOURCE = fileURLToPath(new URL("../../src", import.meta.url));

async function source(): Promise<string> {
  const files = await Array.fromAsync(new Bun.Glob("**/*.ts").scan(SOURCE));
  const others = files.filter((file) => file !== "error-codes.ts");
  const texts = await Promise.all(others.map((file) => Bun.file(`${SOURCE}/${file}`).text()));
  return texts.join("\n");
}

/** Compares a table of the README with the truth, or writes it with `UPDATE_README=1`. */
async function keepInStep(name: string, table: string): Promise<void> {
  if (process.env["UPDATE_README"]) await writeSection(name, table);
  expect(cells(section(await readReadme(), name))).toEqual(cells(table));
}

test("the README lists every setting as the program reads it", async () => {
  await keepInStep("settings", settingsTable());
});

test("the README shows a berth.yaml that is one", async () => {
  await using folder = await temporaryFolder();
  const [, example = ""] = /```yaml\n([^]*?)```/.exec(await readReadme()) ?? [];
  await Bun.write(`${folder.path}/berth.yaml`, example);
  const { config, file } = loadConfig({ directory: folder.path, env: {} });
  expect(file).toBe(`${folder.path}/berth.yaml`);
  const set = Object.values(config.sources ?? {}).filter((source) => source === file);
  expect(set).toHaveLength(5);
});

test("the README lists every endpoint of the specification", async () => {
  await using server = await startServer();
  const specification = await (await fetch(`${server.url}/docs/json`)).json();
  await keepInStep("endpoints", endpointsTable(specification as Parameters<typeof endpointsTable>[0]));
});

test("the README lists every error code, and none that the server does not have", async () => {
  const readme = await readReadme();
  const errors = readme.slice(readme.indexOf("## Errors"), readme.indexOf("## Configuration"));
  const rows = errors.split("\n").filter((line) => /^\| \d/.test(line));
  const listed = rows.flatMap((row) =>
    Array.from(row.split("|")[2]?.matchAll(/`(\w+)`/g) ?? [], ([, code = ""]) => code),
  );
  expect(listed.toSorted()).toEqual([...ERROR_CODES].toSorted());
  const text = await source();
  expect(ERROR_CODES.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
});
