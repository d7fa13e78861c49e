import type { ApiError } from "../../src/errors.ts";
import type { StepOutput } from "../../src/engine/protocol.ts";
import { Run, type RunOptions } from "../../src/engine/worker/run.ts";
import { Slot } from "../../src/engine/worker/slots.ts";
import { Speed } from "../../src/engine/worker/speed.ts";
import { StepLoop, type StepContext, type StepLoopOptions } from "../../src/engine/worker/step-loop.ts";

/** How one request went. */
export interface Outcome {
  text: string;
  tokens: number;
  end: StepOutput["end"];
  error: ApiError | null;
}

/** A step loop on some context, with every request's outcome and all the loop reported. */
export class LoopBench {
  readonly loop: StepLoop;
  readonly slots: Slot[];
  /** Outputs of every step, in order. */
  readonly steps: StepOutput[][] = [];
  fatal: unknown = null;
  idle = 0;
  /** Called with the outputs of every step, between two steps. */
  onStep: (outputs: StepOutput[]) => void = () => {};
  readonly #outcomes = new Map<string, Outcome>();
  readonly #settled = new Map<string, PromiseWithResolvers<Outcome>>();

  constructor(
    context: StepContext,
    options: Partial<StepLoopOptions> & { contextLength?: number; slotCount?: number } = {},
  ) {
    const { slotCount = 4, contextLength = 256 } = options;
    this.slots =
      options.slots ??
      Array.from({ length: slotCount }, (_, sequence) => new Slot(sequence, contextLength, context));
    this.loop = new StepLoop({
      context,
      // Without measured speed a chunk fills the batch.
      speed: new Speed({ pauseMs: 1000, guessMs: 0.001, coldMs: 30_000 }),
      tokens: { bytes: (token) => new TextEncoder().encode(`<${token}>`), isEnd: () => false },
      promptThreads: 1,
      decodeThreads: 1,
      queueLimit: 16,
      ...options,
      slots: this.slots,
      hooks: {
        onStep: (outputs) => {
          this.steps.push(outputs);
          for (const output of outputs) this.#note(output);
          this.onStep(outputs);
        },
        onError: (id, error) => {
          const outcome = this.#outcome(id);
          outcome.error = error;
          this.#settling(id).resolve(outcome);
        },
        onIdle: () => this.idle++,
        onFatal: (error) => {
          this.fatal = error;
        },
      },
    });
  }

  /** Submits a request and resolves when it ended, or broke. */
  run(id: string, prompt: number[], options: Partial<RunOptions> = {}): Promise<Outcome> {
    const run = new Run({
      id,
      prompt: Uint32Array.from(prompt),
      limit: 4,
      sampler: { temperature: 0, seed: 1 },
      stop: [],
      ...options,
    });
    this.loop.submit(run);
    return this.settled(id);
  }

  /** Resolves when the request ended, or broke. */
  settled(id: string): Promise<Outcome> {
    return this.#settling(id).promise;
  }

  /** What a request has brought so far. */
  outcome(id: string): Outcome {
    return this.#outcome(id);
  }

  #note({ id, text, tokens, end }: StepOutput): void {
    const outcome = this.#outcome(id);
    outcome.text += text;
    outcome.tokens += tokens;
    if (!end) return;
    outcome.end = end;
    this.#settling(id).resolve(outcome);
  }

  #outcome(id: string): Outcome {
    const outcome = this.#outcomes.get(id) ?? { text: "", tokens: 0, end: undefined, error: null };
    this.#outcomes.set(id, outcome);
    return outcome;
  }

  #settling(id: string): PromiseWithResolvers<Outcome> {
    const settling = this.#settled.get(id) ?? Promise.withResolvers<Outcome>();
    this.#settled.set(id, settling);
    return settling;
  }
}

/** Prompt tokens nobody else has: `count` of them, counting up from `from`. */
export const tokens = (count: number, from = 1000) =>
  Array.from({ length: count }, (_, index) => from + index);
