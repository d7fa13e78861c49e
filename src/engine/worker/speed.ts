import { eased, PromptCost } from "./prompt-cost.ts";

/** What one step evaluates. */
export interface StepLoad {
  /** Answers that get one token each. */
  answers: number;
  /** Prompt tokens beside them. */
  promptTokens: number;
}

/** A chunk is at most this many times the last one: a small chunk says little about a large one. */
const GROWTH = 4;
const CAREFUL_GROWTH = 1.5;

/** Prompts may fill this share of the pause, so that ordinary jitter stays within it. */
const FILL = 0.85;

/** They get this share of the pause at least, or they would never be through. */
const LEAST = 0.25;

/** Tokens that take hardly longer than one, as all wait for the same weights. */
const FEW = 4;

/** After this rest the weights may have left memory, and the next step has to fetch them again. */
const REST_MS = 60_000;

/** How fast this model evaluates here, learnt from every step. Times are milliseconds. */
export class Speed {
  readonly #pauseMs: number;
  readonly #coldMs: number;
  readonly #prompt: PromptCost;
  /** By the number of answers in the step. */
  readonly #decodeMs: (number | undefined)[] = [];
  #lastChunk = 0;
  #lastMs = 0;
  #lastStep = -Infinity;

  /**
   * @param pauseMs the longest a step with prompt tokens should take
   * @param guessMs per prompt token, rather too much than too little
   * @param coldMs what a step may take while the weights come from disk
   */
  constructor({ pauseMs, guessMs, coldMs }: { pauseMs: number; guessMs: number; coldMs: number }) {
    this.#pauseMs = pauseMs;
    this.#prompt = new PromptCost(guessMs);
    this.#coldMs = coldMs;
  }

  /** Learns from a step that took `ms` and ended at `now`. */
  record({ answers, promptTokens }: StepLoad, ms: number, now: number): void {
    const cold = now - ms - this.#lastStep > REST_MS;
    this.#lastStep = now;
    if (promptTokens > 0) {
      // A cold step tells how fast the disk is, unless it was fast all the same.
      if (!cold || ms < this.#together({ answers, promptTokens }))
        this.#prompt.record(promptTokens, ms, this.#decode(answers));
      this.#lastChunk = promptTokens;
      this.#lastMs = ms;
    } else if (answers > 0 && !cold) {
      const before = this.#decodeMs[answers];
      this.#decodeMs[answers] = before === undefined ? ms : eased(before, ms);
    }
  }

  /** How many prompt tokens, at least 1, the next step may hold beside `answers` answers. */
  chunk(answers: number, room: number): number {
    const { fixedMs, perTokenMs, known } = this.#prompt;
    const fixed = Math.max(this.#decode(answers), fixedMs);
    const left = this.#pauseMs * FILL - fixed;
    const least = this.#pauseMs * LEAST;
    // A step that takes longer than the pause with a single token had better be worth it.
    const fits =
      left > 0
        ? Math.floor(Math.max(left, least) / perTokenMs)
        : Math.max(FEW, Math.floor((least - left) / perTokenMs));
    // Twice as many tokens take at most twice as long, so growth up to here keeps to the pause for certain.
    const growth = Math.max(CAREFUL_GROWTH, Math.min(GROWTH, (this.#pauseMs * FILL) / this.#lastMs));
    const grown = known ? Math.max(8, Math.floor(this.#lastChunk * growth)) : fits;
    return Math.max(1, Math.min(fits, grown, room));
  }

  /** What the step should take; generous where nothing is known yet or the weights may have to be read again. */
  expect(load: StepLoad, now: number): number {
    const known = load.answers === 0 || this.#decodeMs.length > 0;
    const warm = now - this.#lastStep < REST_MS;
    const ms = this.#together(load);
    const measured = known && (load.promptTokens === 0 || this.#prompt.known);
    return warm && measured ? ms : Math.max(ms, this.#coldMs);
  }

  #together({ answers, promptTokens }: StepLoad): number {
    const decode = this.#decode(answers);
    const { fixedMs, perTokenMs } = this.#prompt;
    return promptTokens > 0 ? Math.max(decode, fixedMs) + promptTokens * perTokenMs : decode;
  }

  /** Of the nearest number of answers that was measured. */
  #decode(answers: number): number {
    if (answers === 0) return 0;
    for (let distance = 0; distance < this.#decodeMs.length + answers; distance++) {
      const ms = this.#decodeMs[answers - distance] ?? this.#decodeMs[answers + distance];
      if (ms !== undefined) return ms;
    }
    return 0;
  }
}
