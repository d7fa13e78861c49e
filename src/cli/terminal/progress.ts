import type { Key } from "node:readline";
import { progress } from "@clack/prompts";
import { EXIT } from "../client/command-error.ts";
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

interface ProgressOptions {
  /** Shows nothing, for output that a program reads. */
  quiet?: boolean;
  /** Told to a person who interrupts it. */
  farewell?: string;
}

/** Until it is over, Ctrl-C ends the program with the exit code of an interruption. */
export function startProgress(text: string, { quiet = false, farewell }: ProgressOptions = {}): Progress {
  // A terminal that does not know its own width can not draw a line over itself; and the bar reads the standard input,
  // which is not for it where something is piped in.
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY;
  const isDrawn = !quiet && isTerminal && process.stderr.columns > 0;
  const shown = quiet ? SILENT : isDrawn ? bar(text) : plainLines(text);
  const leave = () => {
    shown.clear();
    if (farewell !== undefined) tell(farewell);
    process.exit(EXIT.interrupted);
  };
  // On a terminal the bar reads keys, and would take this one for an end with code 0; so it comes first.
  const onKey = (_text: unknown, { name, ctrl }: Key) => {
    if (name === "escape" || (ctrl && name === "c")) leave();
  };
  process.prependListener("SIGINT", leave);
  if (isDrawn) process.stdin.prependListener("keypress", onKey);
  const over = (end: () => void) => {
    process.removeListener("SIGINT", leave);
    if (isDrawn) process.stdin.removeListener("keypress", onKey);
    end();
  };
  return {
    update: (fraction, message) => shown.update(fraction, message),
    done: (message) => over(() => shown.done(message)),
    failed: (message) => over(() => shown.failed(message)),
    clear: () => over(() => shown.clear()),
  };
}

const SILENT: Progress = { update() {}, done() {}, failed() {}, clear() {} };

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
