import { fileURLToPath } from "node:url";
import type { GenerateRequest, LoadSpec } from "../../src/engine/engine.ts";
import type { FromWorker, StepOutput, ToWorker } from "../../src/engine/protocol.ts";
import { loadSpec } from "./real-model.ts";

const MAIN = fileURLToPath(new URL("../../src/engine/worker/main.ts", import.meta.url));

type Received<T extends FromWorker["type"]> = Extract<FromWorker, { type: T }>;

/** A real engine process, spoken to in its own protocol. */
export class EngineProcess implements AsyncDisposable {
  /** Everything it said, in order. */
  readonly messages: FromWorker[] = [];
  readonly child: Bun.Subprocess<"ignore", "ignore", "inherit">;
  #waiting: (() => void)[] = [];

  constructor() {
    this.child = Bun.spawn([process.execPath, "--no-orphans", MAIN], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit"],
      ipc: (message: FromWorker) => {
        this.messages.push(message);
        for (const wake of this.#waiting.splice(0)) wake();
      },
      onExit: () => {
        for (const wake of this.#waiting.splice(0)) wake();
      },
    });
  }

  send(message: ToWorker): void {
    this.child.send(message);
  }

  /** The first message of this type from `since` on that `accept` takes. @throws Error when the process ends before */
  async receive<T extends FromWorker["type"]>(
    type: T,
    accept: (message: Received<T>) => boolean = () => true,
    since = 0,
  ): Promise<Received<T>> {
    const fits = (message: FromWorker): message is Received<T> =>
      message.type === type && accept(message as Received<T>);
    for (;;) {
      const found = this.messages.slice(since).find(fits);
      if (found) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the engine process ended before it sent '${type}'`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** What came of a load: `ready` or `failed`. */
  async load(spec: Partial<LoadSpec> & { path: string }): Promise<Received<"ready"> | Received<"failed">> {
    const since = this.messages.length;
    this.send({ type: "load", spec: loadSpec(spec) });
    return Promise.any([this.receive("ready", undefined, since), this.receive("failed", undefined, since)]);
  }

  /** All outputs of one request up to its end, or its error. */
  async generate(request: GenerateRequest): Promise<StepOutput[] | Received<"error">> {
    const { id } = request;
    const since = this.messages.length;
    this.send({ type: "generate", id, request });
    const ended = await Promise.any([
      this.receive("step", ({ outputs }) => outputs.some((output) => output.id === id && output.end), since),
      this.receive("error", (message) => message.id === id, since),
    ]);
    if (ended.type === "error") return ended;
    return this.messages
      .slice(since)
      .flatMap((message) => (message.type === "step" ? message.outputs : []))
      .filter((output) => output.id === id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
  }
}
