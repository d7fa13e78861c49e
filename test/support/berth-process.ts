import { fileURLToPath } from "node:url";
import { join } from "node:path";
import OpenAI from "openai";
import { plainEnvironment } from "./plain-environment.ts";
import { runs } from "./processes.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(ROOT, "src", "main.ts");

/** The environment of a new user, whose home is `home`. */
function newUser(home: string, env: Record<string, string> = {}): Record<string, string | undefined> {
  return { ...plainEnvironment(), HOME: home, ...env };
}

interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** What is piped in. Default: nothing, at once. */
  input?: string;
  /** Hangs up on its standard output once that matches. */
  until?: RegExp;
}

/** Runs `berth` with these words until it ends. */
export async function berth(
  words: string[],
  { env = {}, cwd, input, until }: RunOptions = {},
): Promise<{ code: number; out: string; err: string }> {
  await using folder = await temporaryFolder();
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    cwd: cwd ?? folder.path,
    env: newUser(folder.path, env),
    stdio: [input === undefined ? "ignore" : new Blob([input]), "pipe", "pipe"],
  });
  const [code, out, err] = await Promise.all([
    child.exited,
    readUntil(child.stdout, until),
    new Response(child.stderr).text(),
  ]);
  return { code, out, err };
}

async function readUntil(stream: ReadableStream<Uint8Array<ArrayBuffer>>, until?: RegExp): Promise<string> {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (until?.test(text)) break;
  }
  return text;
}

export interface BerthOptions {
  /** After `serve --port 0`. */
  flags?: string[];
  env?: Record<string, string>;
  /** Runs the server by something else, which is given the port as API_PORT=0. Default `bun src/main.ts serve`. */
  command?: string[];
  cwd?: string;
  /** What it has printed when it is started. Default: that the model is ready, or that there is none. */
  until?: RegExp;
}

/** The real program, started by a new user with an empty home on a free port, as the leader of a process group. */
export class BerthProcess implements AsyncDisposable {
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly home: string;
  /** What it printed so far. */
  out = "";
  err = "";
  readonly #folder: AsyncDisposable;
  readonly #ended: Promise<unknown>;
  #enginePids: number[] = [];

  private constructor(folder: AsyncDisposable & { path: string }, options: BerthOptions) {
    const { flags = [], env, command = [process.execPath, MAIN, "serve"], cwd = folder.path } = options;
    this.#folder = folder;
    this.home = folder.path;
    this.child = Bun.spawn([...command, ...flags], {
      cwd,
      env: newUser(folder.path, { API_PORT: "0", ...env }),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#ended = Promise.all([
      this.#read(this.child.stdout, (text) => (this.out += text)),
      this.#read(this.child.stderr, (text) => (this.err += text)),
      this.child.exited,
    ]);
  }

  static async start(options: BerthOptions = {}): Promise<BerthProcess> {
    const berth = new BerthProcess(await temporaryFolder(), options);
    try {
      await berth.printed(options.until ?? /is ready\. Try it:|Model +none/);
      if (options.until === undefined) berth.#enginePids = await berth.enginePids();
      return berth;
    } catch (error) {
      await berth[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Without a slash at its end. */
  get url(): string {
    const [, told, toldAsJson] = /Web page +(\S+)|"url":"([^"]+)"/.exec(this.out) ?? [];
    return told ?? toldAsJson ?? "";
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get client(): OpenAI {
    return new OpenAI({ baseURL: `${this.url}/v1`, apiKey: "none", maxRetries: 0 });
  }

  /** Resolves when its standard output matches. @throws Error when it ends before */
  async printed(pattern: RegExp): Promise<void> {
    let over = false;
    void this.#ended.then(() => (over = true));
    while (!pattern.test(this.out)) {
      if (over) throw new Error(`It ended before it printed ${pattern}:\n${this.out}\n${this.err}`);
      await Bun.sleep(10);
    }
  }

  async enginePids(): Promise<number[]> {
    const status = (await (await fetch(`${this.url}/status`)).json()) as { models: { pid: number | null }[] };
    return status.models.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  }

  /** Whether one of the engine processes it had when it was ready still runs; for a start without `until`. */
  async leavesEngines(): Promise<boolean> {
    const running = await Promise.all(this.#enginePids.map(runs));
    return running.includes(true);
  }

  /** To the process alone, or to all of its group, as a terminal does. */
  kill(signal: NodeJS.Signals, whole: "process" | "group" = "process"): void {
    process.kill(whole === "group" ? -this.child.pid : this.child.pid, signal);
  }

  /** Resolves with the exit code, `null` when a signal ended it, once all that it printed is here. */
  async exited(): Promise<number | null> {
    await this.#ended;
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill("SIGKILL", "group");
    } catch {
      // The group is empty already.
    }
    await this.child.exited;
    await this.#folder[Symbol.asyncDispose]();
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
  }
}
