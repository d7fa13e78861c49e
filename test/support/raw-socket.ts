import { connect, type Socket } from "node:net";

/** One TCP connection on which a test says what it likes; ended when it goes out of scope. */
export class RawSocket implements Disposable {
  readonly #socket: Socket;
  #received = "";
  #closed = false;
  #changed = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#received += bytes.toString("latin1");
      this.#notify();
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#notify();
    });
    // A reset is one of the things that tests look at; `closed` tells.
    socket.on("error", () => {});
  }

  static async open(port: number): Promise<RawSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ port, host: "127.0.0.1" }, resolve);
    socket.once("error", reject);
    await promise;
    return new RawSocket(socket);
  }

  /** A request with the header lines that HTTP demands, and those given. */
  request(line: string, headers: Record<string, string> = {}, body = ""): void {
    const lines = Object.entries({ Host: "127.0.0.1", ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    this.write(`${[`${line} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n${body}`);
  }

  write(text: string | Uint8Array): void {
    this.#socket.write(text);
  }

  /** Everything received so far, one character per byte. */
  get received(): string {
    return this.#received;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves with everything received as soon as it matches; rejects when the connection ends before. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received)) {
      if (this.#closed) throw new Error(`Closed before ${pattern}: ${this.#received}`);
      await this.#changed.promise;
    }
    return this.#received;
  }

  /** Stops reading, so that the server's writes fill the buffers between. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
