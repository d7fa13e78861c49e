import type { StepOutput } from "../protocol.ts";

/** By then the next decode has its threads, unless there is none. */
const WAIT_MS = 1;

/**
 * What steps brought and the server was not told yet. It is told once the next step is under way: llama.cpp makes the
 * threads of every decode anew, and the kernel puts them on the cores that are idle at that moment. Were the server
 * awake then, with this, two of them would share a core and all others wait for both, which made streams on two cores
 * half as fast or less. Once they run, waking the server costs what it computes and no more.
 */
export class Outbox {
  readonly #send: (outputs: StepOutput[]) => void;
  readonly #waitMs: number;
  #outputs: StepOutput[] = [];
  #timer: Timer | undefined;

  constructor(send: (outputs: StepOutput[]) => void, waitMs = WAIT_MS) {
    this.#send = send;
    this.#waitMs = waitMs;
  }

  /** Takes what a step brought, be it nothing: that it ended is news, too. */
  add(outputs: readonly StepOutput[]): void {
    this.#outputs.push(...outputs);
    this.#timer ??= setTimeout(() => this.flush(), this.#waitMs);
  }

  /** Sends what waits now, because no step follows or something else may only come behind it. */
  flush(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const outputs = this.#outputs;
    this.#outputs = [];
    this.#send(outputs);
  }
}
