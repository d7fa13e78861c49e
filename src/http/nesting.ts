import { invalidRequest } from "../errors.ts";

/** Deeper than the deepest schema that a client may send along. */
const DEEPEST = 200;

/**
 * Refuses a body that is nested deeper than any request needs: whatever walks it later does so by recursion, and
 * would run out of stack.
 * @throws ApiError 400 `invalid_value`
 */
export function limitNesting(body: unknown): void {
  let level = [body].filter(isNested);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === DEEPEST)
      throw invalidRequest(`The body of the request is nested deeper than ${DEEPEST} levels`);
    level = level.flatMap((value) => Object.values(value)).filter(isNested);
  }
}

const isNested = (value: unknown): value is object => typeof value === "object" && value !== null;
