import { fileURLToPath } from "node:url";
import { ALL_SETTINGS } from "../../src/config/settings.ts";

const README = fileURLToPath(new URL("../../README.md", import.meta.url));

export const readReadme = (): Promise<string> => Bun.file(README).text();

/** The rows of the configuration table, from what the program itself reads. */
export function settingsTable(): string {
  const rows = ALL_SETTINGS.map(({ env, flag, default: value, description }) => [
    `\`${env}\``,
    `\`--${flag}\``,
    value === "" ? "" : `\`${value}\``,
    description,
  ]);
  return table(["Environment", "Flag", "Default", "What it sets"], rows);
}

interface Specification {
  tags: { name: string }[];
  paths: Record<string, Record<string, { summary?: string; tags?: string[] }>>;
}

/** The rows of the endpoint table, from the specification and in the order of its tags. */
export function endpointsTable({ tags, paths }: Specification): string {
  const endpoints = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, details]) => ({ path, method, ...details })),
  );
  const rows = tags.flatMap(({ name }) =>
    endpoints
      .filter((endpoint) => endpoint.tags?.includes(name))
      .map(({ path, method, summary = "" }) => [`\`${method.toUpperCase()} ${path}\``, summary]),
  );
  return table(["Endpoint", "What it does"], rows);
}

/** The cells of a Markdown table, whatever the formatter made of its layout. */
export const cells = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/^-+$/, "---")));

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
export function section(text: string, name: string): string {
  const [, rest = ""] = text.split(`<!-- ${name} -->\n`);
  return rest.split(`<!-- /${name} -->`)[0] ?? "";
}

/** Puts a table in its place; `UPDATE_README=1 bun test test/http/readme.test.ts` does so for all. */
export async function writeSection(name: string, content: string): Promise<void> {
  const text = await readReadme();
  const whole = `<!-- ${name} -->\n${section(text, name)}<!-- /${name} -->`;
  await Bun.write(
    README,
    text.replace(whole, () => `<!-- ${name} -->\n${content}<!-- /${name} -->`),
  );
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return `\n${line(head)}|${head.map(() => "---|").join("")}\n${rows.map(line).join("")}\n`;
}
