import { styleText } from "node:util";
import type { LogLine } from "../../services/events.ts";

const COLOURS: Record<string, "red" | "yellow" | "green" | "gray"> = {
  error: "red",
  warn: "yellow",
  info: "green",
};

/** `07:31:02 INFO  deploying model=guide device=auto` */
export function logLineText({ time, level, message, fields }: LogLine): string {
  const clock = new Date(time).toTimeString().slice(0, 8);
  const name = styleText(COLOURS[level] ?? "gray", level.toUpperCase().padEnd(5), { stream: process.stdout });
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`);
  return [clock, name, message, ...rest].join(" ");
}

const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
