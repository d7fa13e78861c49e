import { readFileSync } from "node:fs";

/** A terminal and a launcher may both send the same signal on; within this time they count as one. */
const SAME_MS = 500;

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

interface StopHandlers {
  /** The first signal: end in order. */
  onStop(signal: string): void;
  /** Another one: end at once, with the exit code that a shell knows. */
  onSecond(exitCode: number): void;
}

/** Listens for the signals that mean "stop". */
export function onStopSignals({ onStop, onSecond }: StopHandlers): void {
  let first: number | null = null;
  const handle = (signal: NodeJS.Signals, number: number) => {
    const now = performance.now();
    if (first === null) {
      first = now;
      onStop(signal);
    } else if (now - first > SAME_MS) onSecond(128 + number);
  };
  process.on("SIGINT", (signal) => handle(signal, NUMBERS.SIGINT));
  process.on("SIGTERM", (signal) => handle(signal, NUMBERS.SIGTERM));
  // A handler would undo what `nohup` asks for.
  if (!ignoresHangUp()) process.on("SIGHUP", (signal) => handle(signal, NUMBERS.SIGHUP));
}

/** The mask `SigIgn` of proc_pid_status(5); hang-up is its lowest bit. */
function ignoresHangUp(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
    return (Number.parseInt(mask.slice(-1), 16) & 1) === 1;
  } catch {
    return false;
  }
}
