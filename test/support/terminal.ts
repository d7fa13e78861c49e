import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./berth-process.ts";
import { eventually } from "./eventually.ts";
import { plainEnvironment } from "./plain-environment.ts";

/** A program on a terminal of its own, as a person sees and types it. */
export class Terminal implements AsyncDisposable {
  /** Everything that was shown. */
  out = "";
  readonly #child: Bun.Subprocess;

  constructor(command: string[], env: Record<string, string>) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn(command, {
      env: { ...plainEnvironment(), NO_COLOR: "1", TERM: "xterm", ...env },
      terminal: {
        cols: 100,
        rows: 30,
        data: (_terminal, bytes) => {
          this.out += decoder.decode(bytes, { stream: true });
        },
      },
    });
  }

  type(text: string): void {
    this.#child.terminal?.write(text);
  }

  /** Resolves when this is shown `times` times. */
  shows(pattern: RegExp, times = 1): Promise<void> {
    const all = new RegExp(pattern, "g");
    return eventually(
      () => (this.out.match(all)?.length ?? 0) >= times,
      () => `${pattern} is shown in ${JSON.stringify(this.out)}`,
      10_000,
    );
  }

  get exited(): Promise<number> {
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}

const BERTH = [process.execPath, join(ROOT, "src", "main.ts")];

/** `berth` with these words. */
export class BerthTerminal extends Terminal {
  constructor(words: string[], env: Record<string, string>) {
    super([...BERTH, ...words], env);
  }
}

/** A shell that knows `berth` and nothing of its user; `folder` takes the command. */
export async function bashTerminal(folder: string, env: Record<string, string>): Promise<Terminal> {
  const path = join(folder, "berth");
  await writeFile(path, `#!/bin/sh\nexec ${BERTH.map((word) => `'${word}'`).join(" ")} "$@"\n`, {
    mode: 0o755,
  });
  const PATH = `${folder}:${process.env.PATH}`;
  return new Terminal(["bash", "--noprofile", "--norc", "-i"], { PS1: "$ ", HISTFILE: "", ...env, PATH });
}
