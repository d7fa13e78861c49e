import type { DeploymentDefaults } from "../../src/schemas/deployment.ts";

/** No limit of tokens, as the API has it. */
const NO_LIMIT = -1;

/** How tokens are chosen; a field that is missing is left to the server. */
export interface Sampling {
  temperature?: number;
  top_p?: number;
  top_k?: number;
  min_p?: number;
  presence_penalty?: number;
  frequency_penalty?: number;
  repeat_penalty?: number;
  max_tokens?: number;
  seed?: number;
  stop?: string[];
}

interface NumberField {
  name: Exclude<keyof Sampling, "stop">;
  label: string;
  hint: string;
  /** What the server does when the field is left out. */
  byDefault: string;
  min?: number;
  max?: number;
  /** One number below `min` that means something else. */
  other?: number;
  step: number;
}

/** The settings as a form shows them; the defaults are those of the API reference. */
export const SAMPLING_FIELDS: NumberField[] = [
  {
    name: "temperature",
    label: "Temperature",
    hint: "0 always takes the likeliest token; higher is more varied",
    byDefault: "1",
    min: 0,
    max: 2,
    step: 0.05,
  },
  {
    name: "max_tokens",
    label: "Longest answer",
    hint: "In tokens; -1 sets no limit",
    byDefault: "until it ends",
    min: 1,
    other: NO_LIMIT,
    step: 1,
  },
  {
    name: "top_p",
    label: "Top P",
    hint: "Only the likeliest tokens that make up this share",
    byDefault: "1",
    min: 0,
    max: 1,
    step: 0.01,
  },
  {
    name: "top_k",
    label: "Top K",
    hint: "Only this many of the likeliest",
    byDefault: "off",
    min: 0,
    step: 1,
  },
  {
    name: "min_p",
    label: "Min P",
    hint: "Only tokens this likely, beside the likeliest",
    byDefault: "0",
    min: 0,
    max: 1,
    step: 0.01,
  },
  {
    name: "repeat_penalty",
    label: "Repeat penalty",
    hint: "Above 1 makes what was said less likely",
    byDefault: "1",
    min: 0.01,
    step: 0.01,
  },
  {
    name: "presence_penalty",
    label: "Presence penalty",
    hint: "For tokens that occurred at all",
    byDefault: "0",
    min: -2,
    max: 2,
    step: 0.1,
  },
  {
    name: "frequency_penalty",
    label: "Frequency penalty",
    hint: "For each time a token occurred",
    byDefault: "0",
    min: -2,
    max: 2,
    step: 0.1,
  },
  {
    name: "seed",
    label: "Seed",
    hint: "The same seed repeats an answer",
    byDefault: "random",
    min: 0,
    step: 1,
  },
];

/** What a field that is left empty stands for: the deployment's own default, else the server's. */
export const defaultText = (
  { name, byDefault }: Pick<NumberField, "name" | "byDefault">,
  deployed: DeploymentDefaults = {},
): string => String((name === "seed" ? null : deployed[name]) ?? byDefault);

/** A number as typed, or `undefined` for an empty or unusable one. */
export function readNumber(
  typed: string,
  { min, max, other, step }: Pick<NumberField, "min" | "max" | "other" | "step">,
) {
  const value = Number(typed);
  if (typed.trim() === "" || !Number.isFinite(value)) return undefined;
  if (value === other) return value;
  const whole = step === 1 ? Math.round(value) : value;
  return Math.min(max ?? Infinity, Math.max(min ?? -Infinity, whole));
}

/** How many stop strings the API takes. */
const MOST_STOPS = 64;

/** Stop strings as typed, one per line; no more than the API takes. */
export function readStops(typed: string): string[] | undefined {
  const lines = typed.split("\n").filter((line) => line !== "");
  return lines.length === 0 ? undefined : lines.slice(0, MOST_STOPS);
}

/** Settings as a file has them: what is none is left to the server, the rest held within its bounds. */
export function readSampling(file: Record<string, unknown>): Sampling {
  const sampling: Sampling = {};
  for (const field of SAMPLING_FIELDS) {
    const value = file[field.name];
    const read = typeof value === "number" ? readNumber(String(value), field) : undefined;
    if (read !== undefined) sampling[field.name] = read;
  }
  const { stop } = file;
  const lines = Array.isArray(stop) ? stop.filter((line) => typeof line === "string") : [];
  const stops = readStops(lines.join("\n"));
  return stops ? { ...sampling, stop: stops } : sampling;
}

/** How many settings are not left to the server. */
export const changedCount = (sampling: Sampling): number =>
  Object.values(sampling).filter((value) => value !== undefined).length;

/** A system prompt and settings under a name. */
export interface Preset {
  name: string;
  system: string;
  sampling: Sampling;
}

/** What comes with the page; a person's own are kept beside them. */
export const BUILT_IN_PRESETS: Preset[] = [
  { name: "Server defaults", system: "", sampling: {} },
  { name: "Precise", system: "", sampling: { temperature: 0.2, top_p: 0.9 } },
  { name: "Balanced", system: "", sampling: { temperature: 0.7, top_p: 0.95 } },
  { name: "Imaginative", system: "", sampling: { temperature: 1.1, min_p: 0.05 } },
  { name: "Repeatable", system: "", sampling: { temperature: 0, seed: 1 } },
];
