/** How an engine process ended. */
export interface Exit {
  code: number | null;
  /** E.g. `SIGKILL`. */
  signal: string | null;
  /** Why we ended it, if we did. */
  verdict: string | null;
  /** The last lines it wrote, oldest first. */
  lastLines: readonly string[];
}

const HINTS: Record<string, string> = {
  SIGKILL: "possibly because the machine ran out of memory",
  SIGBUS: "possibly because its model file was changed while in use",
  SIGILL: "this CPU lacks an instruction it needs",
};

/** Lines in which llama.cpp or the C++ runtime tells why it gives up. */
const TELLING = /assert|abort|error|exception|fail|fatal|out of memory|panic|terminate/i;
const LONGEST_LINE = 300;

/** Why an engine process is gone, as half a sentence that a person can act on. */
export function describeExit({ code, signal, verdict, lastLines }: Exit): string {
  if (verdict !== null) return verdict;
  if (signal !== null) {
    const hint = HINTS[signal];
    const cause = `killed by signal ${signal}${hint ? `, ${hint}` : ""}`;
    // Whoever is killed from outside has no last words on it.
    return signal === "SIGKILL" ? cause : cause + lastWords(lastLines);
  }
  return `exited with code ${code}${lastWords(lastLines)}`;
}

function lastWords(lines: readonly string[]): string {
  const line = lines.findLast((candidate) => TELLING.test(candidate));
  return line === undefined ? "" : `: ${line.slice(0, LONGEST_LINE)}`;
}
