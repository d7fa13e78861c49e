/** What one step evaluates. */
export interface StepLoad {
  /** Answers that get one token each. */
  answers: number;
  /** Prompt tokens beside them. */
  promptTokens: number;
}

/** How far a new measurement moves the estimate: quickly when steps get slower, with patience when faster. */
const SLOWER = 0.5;
const FASTER = 0.25;

/** A chunk is at most this many times the last one: a small chunk says little about a large one. */
const GROWTH = 4;

/** Prompts may fill this share of the pause, so that ordinary jitter stays within it. */
const FILL = 0.85;

/** After this rest the weights may have left memory, and the next step has to fetch them again. */
const REST_MS = 60_000;

/** How fast this model evaluates here, learnt from every step. Times are milliseconds. */
export class Speed {
  readonly #pauseMs: number;
  readonly #coldMs: number;
  /** A guess, until measured. */
  #promptMs: number;
  #promptKnown = false;
  /** By the number of answers in the step. */
  readonly #decodeMs: (number | undefined)[] = [];
  #lastChunk = 0;
  #lastStep = -Infinity;

  /**
   * @param pauseMs the longest a step with prompt tokens should take
   * @param guessMs per prompt token, rather too much than too little
   * @param coldMs what a step may take while the weights come from disk
   */
  constructor({ pauseMs, guessMs, coldMs }: { pauseMs: number; guessMs: number; coldMs: number }) {
    this.#pauseMs = pauseMs;
    this.#promptMs = guessMs;
    this.#coldMs = coldMs;
  }

  /** Learns from a step that took `ms` and ended at `now`. */
  record({ answers, promptTokens }: StepLoad, ms: number, now: number): void {
    const cold = now - ms - this.#lastStep > REST_MS;
    this.#lastStep = now;
    if (promptTokens > 0) {
      const perToken = Math.max(0.001, (ms - this.#decode(answers)) / promptTokens);
      // A cold step tells how fast the disk is, unless it was fast all the same.
      if (!cold || perToken < this.#promptMs) {
        this.#promptMs = this.#promptKnown ? eased(this.#promptMs, perToken) : perToken;
        this.#promptKnown = true;
      }
      this.#lastChunk = promptTokens;
    } else if (answers > 0 && !cold) {
      const before = this.#decodeMs[answers];
      this.#decodeMs[answers] = before === undefined ? ms : eased(before, ms);
    }
  }

  /** How many prompt tokens, at least 1, the next step may hold beside `answers` answers. */
  chunk(answers: number, room: number): number {
    const left = Math.max(this.#pauseMs * FILL - this.#decode(answers), this.#pauseMs / 4);
    const fits = Math.floor(left / this.#promptMs);
    const grown = this.#promptKnown ? Math.max(8, this.#lastChunk * GROWTH) : fits;
    return Math.max(1, Math.min(fits, grown, room));
  }

  /** What the step should take; generous where nothing is known yet or the weights may have to be read again. */
  expect({ answers, promptTokens }: StepLoad, now: number): number {
    const known = answers === 0 || this.#decodeMs.length > 0;
    const warm = now - this.#lastStep < REST_MS;
    const ms = this.#decode(answers) + promptTokens * this.#promptMs;
    const measured = known && (promptTokens === 0 || this.#promptKnown);
    return warm && measured ? ms : Math.max(ms, this.#coldMs);
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

const eased = (before: number, now: number) => before + (now - before) * (now > before ? SLOWER : FASTER);
