import { duration, MalformedValue } from "../config/kinds.ts";
import { invalidRequest } from "../errors.ts";

/** Days, more than any server lives. */
const LONGEST_MS = 1e12;
const time = duration({ min: 0, max: LONGEST_MS });

/**
 * How long a model may lie idle in memory, as requests and deployments write it: seconds, or a time such
 * as `30m`; below 0 is for ever.
 * @returns milliseconds, `null` for ever, `undefined` when nothing is said
 * @throws ApiError `invalid_value` naming `param`
 */
export function toKeepMs(
  value: number | string | null | undefined,
  param: string,
): number | null | undefined {
  if (value === null || value === undefined) return undefined;
  const seconds = typeof value === "number" ? value : Number(value.trim() || Number.NaN);
  if (seconds < 0) return null;
  try {
    return Number.isNaN(seconds) ? time.parse(value, NOWHERE) : time.parse(seconds * 1000, NOWHERE);
  } catch (error) {
    if (!(error instanceof MalformedValue)) throw error;
    throw invalidRequest(
      `'${param}' must be a number of seconds, a time such as "30m", or -1 for ever`,
      param,
    );
  }
}

/** A time has no path in it. */
const NOWHERE = { directory: "", userHome: "" };
