import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** A process above this one. */
interface Ancestor {
  pid: number;
  /** When it started, in clock ticks since boot: tells it from a later process of the same id. */
  started: string;
  command: string[];
}

const EVERY_MS = 1000;

/**
 * Calls `onGone` once when one of the launchers that this process was started by (`npx`, `npm`, `bun run`,
 * and the shells between them) is gone. npx does not hand on a signal that it alone gets: it dies, and what it
 * started would run on unseen. A start without launchers, or by a shell, a service manager or a container
 * engine, is never ended so.
 * @returns a function that ends the watch
 */
export function watchLaunchers(onGone: (launcher: string) => void): () => void {
  const launchers = findLaunchers(ancestors(process.ppid), process.env["npm_lifecycle_event"]);
  if (launchers.length === 0) return () => {};
  const timer = setInterval(() => {
    const gone = launchers.find(({ pid, started }) => readAncestor(pid)?.ancestor.started !== started);
    if (!gone) return;
    clearInterval(timer);
    onGone(gone.command.join(" "));
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Of the processes above, parent first, those up to the last launcher; a shell counts only below a launcher.
 * @param script the package script that runs, as `bun run` tells in `npm_lifecycle_event`
 */
export function findLaunchers<T extends Pick<Ancestor, "command">>(
  above: readonly T[],
  script: string | undefined,
): T[] {
  const end = above.findIndex(({ command }) => !isLauncher(command, script) && !isScriptShell(command));
  const chain = end < 0 ? above : above.slice(0, end);
  return chain.slice(0, chain.findLastIndex(({ command }) => isLauncher(command, script)) + 1);
}

function isLauncher(command: readonly string[], script: string | undefined): boolean {
  // npm and npx write their whole command line as a title, e.g. `npm exec bun@1.4.5 start`.
  const [program = "", ...words] = command.join(" ").split(" ");
  const name = basename(program);
  if (/^(npm|npx|pnpm|yarn)$/.test(name)) return true;
  const [first = "", second] = words.filter((word) => !word.startsWith("-"));
  if (/^node(js)?$/.test(name)) return /^(npm|npx|pnpm|yarn)(-cli)?(\.[cm]?js)?$/.test(basename(first));
  // Another program in Bun that started this one may end whenever it likes.
  return /^bun(\.exe)?$/.test(name) && script !== undefined && (first === "run" ? second : first) === script;
}

/** `sh -c …`; a shell that a person types into, or that runs a file, has no `-c`. */
function isScriptShell([program = "", option]: readonly string[]): boolean {
  return /^(sh|dash|bash)$/.test(basename(program)) && option === "-c";
}

function ancestors(from: number): Ancestor[] {
  const above: Ancestor[] = [];
  for (let found = readAncestor(from); found; found = readAncestor(found.parent)) above.push(found.ancestor);
  return above;
}

/** `null` for a process that is gone, and for one that only waits to be reaped; see proc_pid_stat(5). */
function readAncestor(pid: number): { ancestor: Ancestor; parent: number } | null {
  try {
    const folder = join("/proc", String(pid));
    const stat = readFileSync(join(folder, "stat"), "utf8");
    // The name before may hold spaces and brackets; what follows the last bracket are the fields from the third on.
    const [state, parent, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") return null;
    const command = readFileSync(join(folder, "cmdline"), "utf8").split("\0").filter(Boolean);
    return { ancestor: { pid, started: fields[17] ?? "", command }, parent: Number(parent) };
  } catch {
    return null;
  }
}
