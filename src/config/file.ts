import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type * as Yaml from "yaml";
import { nearest } from "./nearest.ts";
import type { NamedSetting } from "./settings.ts";

/** `berth.yaml`, read. */
export interface ConfigFile {
  /** Absolute. */
  path: string;
  /** Absolute; relative paths in the file start here. */
  directory: string;
  /** What it sets, by key, e.g. `watchdog.step_factor`. */
  values: ReadonlyMap<string, unknown>;
  /** What is wrong with it, values aside; each to be read after its path. */
  problems: string[];
}

/** Whether this comes of packages that are not installed yet, and says nothing of the file that was to be read. */
export const isMissingPackage = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND";

/**
 * Reads the first of `candidates` that exists; `null` when none does.
 * @throws what `isMissingPackage` tells from a fault of the file
 */
export function readConfigFile(
  candidates: readonly string[],
  settings: readonly NamedSetting[],
): ConfigFile | null {
  for (const path of candidates) {
    const file: ConfigFile = { path, directory: dirname(path), values: new Map(), problems: [] };
    try {
      const { content, problems } = parse(readFileSync(path, "utf8"));
      return { ...file, ...(problems.length > 0 ? { problems } : interpret(content, settings)) };
    } catch (error) {
      if (!(error instanceof Error) || isMissingPackage(error)) throw error;
      if ("code" in error && error.code === "ENOENT") continue;
      const isFolder = "code" in error && error.code === "EISDIR";
      return { ...file, problems: [isFolder ? "is a folder: name the file in it" : error.message] };
    }
  }
  return null;
}

/** @returns what the file holds, or what is wrong with its form and where */
function parse(text: string): { content: unknown; problems: string[] } {
  // Takes longer to load than most commands to run, and most have no file.
  const { parseDocument } = require("yaml") as typeof Yaml;
  const document = parseDocument(text, { merge: true });
  const problems = [...document.errors, ...document.warnings].map(({ message }) =>
    // What follows are the lines in question.
    message.replace(/:\n[^]*/, ""),
  );
  return { content: problems.length > 0 ? null : document.toJS(), problems };
}

function interpret(
  content: unknown,
  settings: readonly NamedSetting[],
): Pick<ConfigFile, "values" | "problems"> {
  const known = new Map(settings.map((setting) => [setting.yaml, setting]));
  const groups = new Set(
    [...known.keys()].filter((key) => key.includes(".")).map((key) => key.split(".")[0]),
  );
  const values = new Map<string, unknown>();
  const problems: string[] = [];
  const collect = (mapping: Record<string, unknown>, prefix: string) => {
    for (const [key, value] of Object.entries(mapping)) {
      const name = prefix + key;
      if (known.has(name)) values.set(name, value);
      else if (groups.has(name) && isMapping(value)) collect(value, `${name}.`);
      else if (groups.has(name) && value === null) continue;
      else if (groups.has(name)) problems.push(`${name}: must be a mapping`);
      else problems.push(unknownKey(name, [...known.keys()]));
    }
  };
  // An empty file, or one of comments, holds null.
  if (isMapping(content)) collect(content, "");
  else if (content !== null && content !== undefined)
    problems.push("must be a mapping of settings to values");
  return { values, problems };
}

function unknownKey(name: string, known: readonly string[]): string {
  const meant = known.find((key) => key.endsWith(`.${name}`)) ?? nearest(name, known);
  return meant === null
    ? `${name}: there is no such setting`
    : `${name}: there is no such setting, did you mean ${meant}?`;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
