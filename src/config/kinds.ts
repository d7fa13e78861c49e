import { resolve } from "node:path";

/** A kind of value: how it is written and what it means. */
export interface Kind<T> {
  /** How `--help` shows it, e.g. `<ms>`. */
  placeholder: string;
  /** Whether it is yes or no, so that a flag `--no-…` can say the latter. */
  yesNo?: true;
  /**
   * What `raw` means: text from a flag or the environment, any YAML value from the file.
   * @throws MalformedValue that completes "API_PORT=99999: …"
   */
  parse(raw: unknown, context: ParseContext): T;
}

export interface ParseContext {
  /** Absolute; relative paths start here. */
  directory: string;
  /** Absolute; what `~` stands for. */
  userHome: string;
}

/** What is wrong with a value, as a part of a sentence: "must be …". */
export class MalformedValue extends Error {}

interface Range {
  min: number;
  max?: number;
}

/** A whole number. */
export const integer = (range: Range, placeholder = "<n>"): Kind<number> => ({
  placeholder,
  parse(raw) {
    const value = toNumber(raw, /^[+-]?\d+$/);
    return inRange(raw, Number.isInteger(value) ? value : Number.NaN, range, "a whole number");
  },
});

/** A number that need not be whole. */
export const decimal = (range: Range, placeholder = "<n>"): Kind<number> => ({
  placeholder,
  parse: (raw) => inRange(raw, toNumber(raw, /^[+-]?\d*\.?\d+$/), range, "a number"),
});

/** Units of 1000 as SI has them; `KiB` and bare letters, as systemd and Docker write them, are units of 1024. */
const BYTE_UNITS = new Map([
  ["", 1],
  ["b", 1],
  ["kb", 1e3],
  ["mb", 1e6],
  ["gb", 1e9],
  ["tb", 1e12],
  ["k", 1024],
  ["m", 1024 ** 2],
  ["g", 1024 ** 3],
  ["t", 1024 ** 4],
  ["kib", 1024],
  ["mib", 1024 ** 2],
  ["gib", 1024 ** 3],
  ["tib", 1024 ** 4],
]);

/** Bytes: `1000`, `16MB`, `1.5GiB`. */
export const bytes = (range: Range): Kind<number> => ({
  placeholder: "<bytes>",
  parse: (raw) => inRange(raw, withUnit(raw, BYTE_UNITS), range, "a size such as 16MB or a number of bytes"),
});

const TIME_UNITS = new Map([
  ["", 1],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
]);

/** A timer takes no more milliseconds (nearly 25 days), and ends at once when given more. */
const LONGEST_MS = 2 ** 31 - 1;

/** Milliseconds: `500`, `30s`, `10min`. */
export const duration = ({ min, max = LONGEST_MS }: Range): Kind<number> => ({
  placeholder: "<time>",
  parse: (raw) =>
    inRange(
      raw,
      withUnit(raw, TIME_UNITS),
      { min, max },
      "a time such as 500ms, 30s or 10min (plain: milliseconds)",
    ),
});

/** One of some words, in any case; `aliases` are other words for the same. */
export const choice = <T extends string>(
  words: readonly T[],
  aliases: Readonly<Record<string, T>> = {},
): Kind<T> => ({
  placeholder: `<${words.join("|")}>`,
  parse(raw) {
    const word = String(raw).trim().toLowerCase();
    const found = words.find((known) => known === word) ?? aliases[word];
    if (found === undefined) throw new MalformedValue(`must be one of ${words.join(", ")}`);
    return found;
  },
});

const YES = new Set(["yes", "true", "on", "1"]);
const NO = new Set(["no", "false", "off", "0"]);

/** Yes or no, in the words that YAML and environments have for them. */
export const flag = (): Kind<boolean> => ({
  placeholder: "<yes|no>",
  yesNo: true,
  parse(raw) {
    const word = String(raw).trim().toLowerCase();
    if (!YES.has(word) && !NO.has(word)) throw new MalformedValue("must be yes or no");
    return YES.has(word);
  },
});

/** Text that is not empty. */
export const text = (placeholder: string): Kind<string> => ({
  placeholder,
  parse(raw) {
    const value = typeof raw === "string" || typeof raw === "number" ? String(raw).trim() : "";
    if (value === "") throw new MalformedValue("must be text that is not empty");
    return value;
  },
});

/** A path, absolute once parsed. */
export const path = (): Kind<string> => ({
  placeholder: "<path>",
  parse(raw, { directory, userHome }) {
    if (typeof raw !== "string" || raw.trim() === "") throw new MalformedValue("must be a path");
    const expanded = raw.trim().replace(/^~(?=\/|$)/, () => userHome);
    return resolve(directory, expanded);
  },
});

/** Words between commas, or a list in YAML. */
export const list = (placeholder: string): Kind<string[]> => ({
  placeholder,
  parse(raw) {
    const items: unknown[] = typeof raw === "string" ? raw.split(",") : [raw].flat();
    if (items.some((item) => typeof item === "object")) throw new MalformedValue("must be a list of words");
    return items.map((item) => String(item).trim()).filter((item) => item !== "");
  },
});

/** Paths between commas, or a list in YAML; absolute once parsed. */
export const paths = (): Kind<string[]> => ({
  placeholder: "<paths>",
  parse: (raw, context) =>
    list("")
      .parse(raw, context)
      .map((one) => path().parse(one, context)),
});

/** `name=value` between commas, or a mapping in YAML. */
export const mapping = (placeholder: string): Kind<Record<string, string>> => ({
  placeholder,
  parse(raw, context) {
    const wrong = new MalformedValue("must be name=value between commas, or a mapping of names to values");
    const isMapping = typeof raw === "object" && raw !== null && !Array.isArray(raw);
    const pairs = isMapping ? Object.entries(raw) : list("").parse(raw, context).map(splitPair);
    if (pairs.some(([name, value]) => !name || typeof value !== "string" || value.trim() === "")) throw wrong;
    return Object.fromEntries(pairs.map(([name, value]) => [name.trim(), String(value).trim()]));
  },
});

function splitPair(pair: string): [string, string | undefined] {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, undefined] : [pair.slice(0, at), pair.slice(at + 1)];
}

/** An address of a server, without a slash at its end. */
export const address = (): Kind<string> => ({
  placeholder: "<url>",
  parse(raw) {
    const url = typeof raw === "string" ? URL.parse(raw.trim()) : null;
    if (!url || !/^https?:$/.test(url.protocol)) throw new MalformedValue("must be an http or https address");
    if (url.username || url.password) throw new MalformedValue("must not carry a user or a password");
    return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  },
});

/** `null` for `word`. */
export const unless = <T>(word: string, kind: Kind<T>): Kind<T | null> => ({
  placeholder: kind.placeholder,
  parse(raw, context) {
    if (typeof raw === "string" && raw.trim().toLowerCase() === word) return null;
    try {
      return kind.parse(raw, context);
    } catch (error) {
      if (!(error instanceof MalformedValue)) throw error;
      throw new MalformedValue(`${error.message}, or '${word}'`);
    }
  },
});

function toNumber(raw: unknown, pattern: RegExp): number {
  if (typeof raw === "number") return raw;
  return typeof raw === "string" && pattern.test(raw.trim()) ? Number(raw) : Number.NaN;
}

/** Rounded: half a byte or millisecond means nothing. */
function withUnit(raw: unknown, units: ReadonlyMap<string, number>): number {
  const [, digits, unit = ""] = /^\+?(\d*\.?\d+)\s*([a-z]*)$/i.exec(String(raw).trim()) ?? [];
  return Math.round(Number(digits) * (units.get(unit.toLowerCase()) ?? Number.NaN));
}

function inRange(
  raw: unknown,
  value: number,
  { min, max = Number.MAX_SAFE_INTEGER }: Range,
  what: string,
): number {
  if (Number.isNaN(value)) throw new MalformedValue(`must be ${what}`);
  if (value >= min && value <= max) return value;
  const bounds = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
  throw new MalformedValue(`must be ${what} ${bounds}, not ${String(raw)}`);
}
