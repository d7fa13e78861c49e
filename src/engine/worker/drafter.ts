import { DraftLength } from "./draft-length.ts";
import type { Run, TokenMeaning } from "./run.ts";
import type { Slot } from "./slots.ts";
import type { StepContext } from "./step-loop.ts";

export interface DrafterOptions {
  /** Of the smaller model; it has the same sequences as the one it guesses for. */
  context: StepContext;
  /** By sequence. */
  slots: readonly Slot[];
  tokens: Pick<TokenMeaning, "isEnd">;
  /** Of its decodes. */
  threads: () => number;
  /** Guessing failed, which costs speed and nothing else. */
  onError: (error: unknown) => void;
}

/** What one answer's guesses need in this step. */
interface Guess {
  run: Run;
  slot: Slot;
  /** Tokens to evaluate next. */
  pending: Uint32Array;
  tokens: number[];
  most: number;
}

/**
 * Guesses with a smaller model what answers say next, so that one decode of the large one checks several
 * tokens. Each guess is the likeliest token; what is sampled decides, so no answer changes.
 */
export class Drafter {
  readonly #options: DrafterOptions;
  readonly #lengths = new WeakMap<Run, DraftLength>();
  #broken = false;

  constructor(options: DrafterOptions) {
    this.#options = options;
  }

  /**
   * Sets `guesses` of every run that is answering.
   * @param room tokens that guesses may add to the step
   * @param chunk most tokens evaluated to catch up with what was said meanwhile
   */
  async draft(runs: readonly Run[], room: number, chunk: number): Promise<void> {
    for (const run of runs) run.guesses = NONE;
    if (this.#broken) return;
    // In this order llama.cpp evaluates them in one pass.
    let guesses = this.#begin(runs, room).toSorted((a, b) => a.slot.sequence - b.slot.sequence);
    try {
      guesses = await this.#catchUp(guesses, Math.min(chunk, this.#options.context.batchSize));
      while (guesses.length > 0) {
        await this.#guessOne(guesses);
        guesses = guesses.filter(({ tokens, most }) => tokens.length < most && !this.#isEnd(tokens));
      }
    } catch (error) {
      for (const run of runs) run.guesses = NONE;
      this.#recover(error);
    }
  }

  /** Of a run's guesses the first `accepted` were right. */
  learn(run: Run, accepted: number): void {
    this.#lengths.get(run)?.learn(run.guesses.length, accepted);
  }

  #begin(runs: readonly Run[], room: number): Guess[] {
    const answering = runs.filter(
      ({ answering, over, cancelled, slot }) => answering && !over && !cancelled && slot && !slot.checkpoints,
    );
    const share = Math.floor(room / Math.max(1, answering.length));
    return answering.flatMap((run) => {
      const { slot: target } = run;
      const slot = target && this.#options.slots[target.sequence];
      if (!slot || slot.broken) return [];
      // The last token of the step is sampled, so one guess fewer than there is room for can count.
      const left = Math.min(share, run.left - 1, target.capacity - target.length - 1);
      const most = Math.min(left, this.#lengthOf(run).next());
      return most > 0 ? [{ run, slot, pending: NONE, tokens: [], most }] : [];
    });
  }

  /** Brings the smaller model towards where the answers are. @returns those that one more decode brings there */
  async #catchUp(guesses: Guess[], chunk: number): Promise<Guess[]> {
    let room = chunk;
    const behind: Guess[] = [];
    const there: Guess[] = [];
    for (const guess of guesses) {
      const said = guess.run.said();
      const kept = await guess.slot.keep(Math.min(guess.slot.commonPrefix(said), said.length - 1));
      const pending = said.subarray(kept, kept + room);
      room -= pending.length;
      if (kept + pending.length === said.length) there.push({ ...guess, pending });
      else if (pending.length > 0) behind.push({ ...guess, pending });
    }
    if (behind.length > 0) await this.#evaluate(behind, false);
    return there;
  }

  async #guessOne(guesses: Guess[]): Promise<void> {
    const logits = await this.#evaluate(guesses, true);
    const { context } = this.#options;
    await Promise.all(
      guesses.map(async (guess, index) => {
        const sampler = context.createSampler({ temperature: 0, seed: 0 });
        try {
          const token = await context.sample(logits[index]!, sampler);
          guess.tokens.push(token);
          guess.pending = Uint32Array.of(token);
        } finally {
          sampler.dispose();
        }
      }),
    );
    for (const { run, tokens } of guesses) run.guesses = Uint32Array.from(tokens);
  }

  /** @returns where to sample after each */
  async #evaluate(guesses: Guess[], wantLogits: boolean): Promise<number[]> {
    const { context, threads } = this.#options;
    context.begin(guesses.reduce((sum, { pending }) => sum + pending.length, 0));
    const logits = guesses.map(({ slot, pending }) =>
      context.add(slot.sequence, slot.length, pending, wantLogits),
    );
    await context.decode(threads());
    for (const { slot, pending } of guesses) slot.append(pending);
    return logits;
  }

  #isEnd(tokens: number[]): boolean {
    const last = tokens.at(-1);
    return last !== undefined && this.#options.tokens.isEnd(last);
  }

  #lengthOf(run: Run): DraftLength {
    const known = this.#lengths.get(run);
    if (known) return known;
    const length = new DraftLength();
    this.#lengths.set(run, length);
    return length;
  }

  /** Whatever state a failure left, the next guesses begin afresh; where that fails too there are none any more. */
  #recover(error: unknown): void {
    this.#options.onError(error);
    try {
      for (const slot of this.#options.slots) slot.clear();
    } catch {
      this.#broken = true;
    }
  }
}

const NONE = new Uint32Array();
