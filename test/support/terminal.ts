import { join } from "node:path";
import { ROOT } from "./berth-process.ts";
import { eventually } from "./eventually.ts";

/** `berth` on a terminal of its own, as a person sees and types it. */
export class BerthTerminal implements AsyncDisposable {
  /** Everything that was shown. */
  out = "";
  readonly #child: Bun.Subprocess;

  constructor(words: string[], env: Record<string, string>) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn([process.execPath, join(ROOT, "src", "main.ts"), ...words], {
      env: { ...process.env, NO_COLOR: "1", TERM: "xterm", ...env },
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
      `${pattern} is shown in ${JSON.stringify(this.out)}`,
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
