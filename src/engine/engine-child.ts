import { writeFile } from "node:fs/promises";
import type { Subprocess } from "bun";
import type { Exit } from "./exit-reason.ts";
import { OutputLines } from "./output-lines.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";

interface ChildOptions {
  /** Absolute path of the program it runs. */
  script: string;
  onMessage(message: FromWorker): void;
  /** A line it wrote to its standard output or error. */
  onLine(line: string): void;
}

/** After the channel closed a process that ends by itself is gone within this time. */
const DISCONNECTED_MS = 2000;
/** A grandchild may hold the pipes open, so the last lines are not waited for longer. */
const LAST_LINES_MS = 250;

/** A process of this program's own runtime that speaks `protocol.ts` and dies with the server. */
export class EngineChild {
  readonly pid: number;
  /** Resolves when the process is reaped; never rejects. */
  readonly exited: Promise<Exit>;
  readonly #process: Subprocess<"ignore", "pipe", "pipe">;
  #verdict: string | null = null;
  #over = false;

  /** @throws when the process can not be started */
  constructor({ script, onMessage, onLine }: ChildOptions) {
    const end = Promise.withResolvers<Pick<Exit, "code" | "signal">>();
    const lines = new OutputLines(onLine);
    this.#process = Bun.spawn({
      // A process whose JavaScript thread is busy does not notice that its channel closed; the
      // runtime's own watch over the parent does not depend on that thread.
      cmd: [process.execPath, "--no-orphans", script],
      // The user's folder may hold a bunfig.toml or .env of its own.
      cwd: import.meta.dir,
      stdio: ["ignore", "pipe", "pipe"],
      serialization: "advanced",
      ipc: (message: FromWorker) => onMessage(message),
      onDisconnect: () => this.#onDisconnect(),
      onExit: ({ exitCode, signalCode }) => {
        this.#over = true;
        // A signal without a name comes as its number.
        end.resolve({ code: exitCode, signal: signalCode === null ? null : String(signalCode) });
      },
    });
    this.pid = this.#process.pid;
    const { stdout, stderr } = this.#process;
    const read = Promise.all([lines.read(stdout), lines.read(stderr)]);
    this.exited = end.promise.then(async (exit) => {
      await Promise.race([read, Bun.sleep(LAST_LINES_MS)]);
      return { ...exit, verdict: this.#verdict, lastLines: lines.last };
    });
    volunteerForOutOfMemory(this.pid);
  }

  /** A message to a process that is gone is dropped: `exited` tells of that. */
  send(message: ToWorker): void {
    if (this.#over) return;
    try {
      this.#process.send(message);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_IPC_CHANNEL_CLOSED") throw error;
    }
  }

  /** Ends it at once and for certain, also when it is stopped or hangs; the first `verdict` stands. */
  kill(verdict: string): void {
    if (this.#over) return;
    this.#verdict ??= verdict;
    this.#process.kill("SIGKILL");
  }

  #onDisconnect(): void {
    const timer = setTimeout(() => this.kill("its connection to the server closed"), DISCONNECTED_MS);
    void this.exited.then(() => clearTimeout(timer));
  }
}

/** Lets the kernel take the engine before the server when memory runs out; elsewhere than on Linux nothing happens. */
function volunteerForOutOfMemory(pid: number): void {
  if (process.platform === "linux") writeFile(`/proc/${pid}/oom_score_adj`, "500").catch(() => {});
}
