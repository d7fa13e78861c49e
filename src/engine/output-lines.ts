const KEPT = 20;
const LONGEST_LINE = 2000;

/** Splits what a process writes into lines, and keeps the last ones. */
export class OutputLines {
  readonly #onLine: (line: string) => void;
  readonly #last: string[] = [];

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Oldest first. */
  get last(): readonly string[] {
    return this.#last;
  }

  /** Reads to the end; resolves then, also when the stream breaks. */
  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of stream) {
        // A carriage return is how progress bars overwrite their line.
        const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n|\r/);
        rest = (lines.pop() ?? "").slice(0, LONGEST_LINE);
        for (const line of lines) this.#add(line);
      }
    } catch {
      // The process is gone; what it had written before is here.
    }
    this.#add(rest);
  }

  #add(text: string): void {
    const line = text.trimEnd().slice(0, LONGEST_LINE);
    if (line === "") return;
    this.#last.push(line);
    if (this.#last.length > KEPT) this.#last.shift();
    this.#onLine(line);
  }
}
