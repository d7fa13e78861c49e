/** One server-sent event. */
export interface SentEvent {
  event: string;
  data: unknown;
}

/** Reads the server-sent events of an answer one by one; ended when it goes out of scope. */
export class EventReader implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #buffer = "";

  constructor(answer: Response) {
    if (!answer.body) throw new Error("The answer has no body");
    this.#reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event, `null` when the stream has ended; comments are skipped. */
  async next(): Promise<SentEvent | null> {
    while (true) {
      const end = this.#buffer.indexOf("\n\n");
      if (end >= 0) {
        const lines = this.#buffer.slice(0, end).split("\n");
        this.#buffer = this.#buffer.slice(end + 2);
        const field = (name: string) =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = field("data");
        if (data !== undefined)
          return { event: field("event") ?? "message", data: JSON.parse(data) as unknown };
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#buffer += value;
    }
  }

  /** The next event of that name, whatever comes before it. */
  async nextOf(name: string): Promise<unknown> {
    while (true) {
      const event = await this.next();
      if (!event) throw new Error(`The stream ended before '${name}'`);
      if (event.event === name) return event.data;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}
