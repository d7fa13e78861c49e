import { progress } from "@clack/prompts";
import { tell } from "./output.ts";

/** Steps of the bar; also how finely plain lines are counted. */
const STEPS = 1000;
/** Plain lines come at every tenth, so that a log stays readable. */
const PLAIN_STEP = 0.1;

/** How far something is: a bar on a terminal, a line now and then elsewhere. On the standard error output. */
export interface Progress {
  /** `fraction` from 0 to 1; `null` where the end is not known. */
  update(fraction: number | null, text: string): void;
  /** Ends it with a last line. */
  done(text: string): void;
  failed(text: string): void;
  /** Ends it without a word. */
  clear(): void;
}

/** @param quiet shows nothing, for output that a program reads */
export function startProgress(text: string, { quiet = false } = {}): Progress {
  if (quiet) return { update() {}, done() {}, failed() {}, clear() {} };
  // A terminal that does not know its own width can not draw a line over itself.
  return process.stderr.isTTY && process.stderr.columns > 0 ? bar(text) : plainLines(text);
}

function bar(text: string): Progress {
  const shown = progress({ max: STEPS, size: 30, output: process.stderr });
  shown.start(text);
  let at = 0;
  return {
    update(fraction, message) {
      const target = Math.round((fraction ?? 0) * STEPS);
      if (target > at) shown.advance(target - at, message);
      else shown.message(message);
      at = Math.max(at, target);
    },
    done: (message) => shown.stop(message),
    failed: (message) => shown.error(message),
    clear: () => shown.clear(),
  };
}

function plainLines(text: string): Progress {
  let next = PLAIN_STEP;
  tell(text);
  return {
    update(fraction, message) {
      if (fraction === null || fraction < next) return;
      next = fraction - (fraction % PLAIN_STEP) + PLAIN_STEP;
      tell(message);
    },
    done: (message) => tell(message),
    failed: (message) => tell(message),
    clear() {},
  };
}
