import type { LogLine } from "../../src/schemas/event.ts";

/** From the least important to the most. */
export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

/** Whether a line is at least this important and has every word somewhere. */
export function passes(line: LogLine, least: Level, search: string): boolean {
  const level = LEVELS.indexOf(line.level as Level);
  // What is not among the levels is rarer, and more important, than these.
  if (level >= 0 && level < LEVELS.indexOf(least)) return false;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = `${line.message} ${fieldsText(line.fields)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The fields of a line as `name=value`. */
export function fieldsText(fields: LogLine["fields"]): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}
