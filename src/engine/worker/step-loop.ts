import { ApiError, engineFailed, queueFull } from "../../errors.ts";
import type { Activity } from "../engine.ts";
import type { RunningStep, StepOutput } from "../protocol.ts";
import type { Sampler } from "./binding.ts";
import type { Drafter } from "./drafter.ts";
import type { Run, TokenMeaning } from "./run.ts";
import type { SamplerConfig } from "./sampling.ts";
import { chooseSlot, type Cells, type Slot } from "./slots.ts";
import type { Speed, StepLoad } from "./speed.ts";
import { type Part, planStep } from "./step-plan.ts";

/** The context as the loop uses it; `NativeContext` is the real one. */
export interface StepContext extends Cells {
  readonly batchSize: number;
  begin(size: number): void;
  add(sequence: number, position: number, tokens: Uint32Array, wantLogits: boolean): number;
  addAll(sequence: number, position: number, tokens: Uint32Array): number[];
  decode(threads: number): Promise<void>;
  sample(logits: number, sampler: Sampler): Promise<number>;
  createSampler(config: SamplerConfig): Sampler;
}

export interface StepLoopHooks {
  /** All that one step brought; called after every step, in order. */
  onStep(outputs: StepOutput[]): void;
  /** A request broke; the others go on. */
  onError(id: string, error: ApiError): void;
  /** No request is left. */
  onIdle(): void;
  /** No slot is usable any more: the process must end. */
  onFatal(error: unknown): void;
}

export interface StepLoopOptions {
  context: StepContext;
  slots: Slot[];
  tokens: TokenMeaning;
  speed: Speed;
  /** Of steps that hold a prompt. */
  promptThreads: number;
  /** Of steps that only hold answers. */
  decodeThreads: number;
  queueLimit: number;
  /** Guesses ahead of the answers. */
  drafter?: Drafter | null;
  hooks: StepLoopHooks;
}

/** Guesses per answer that a step has room for. */
const MOST_GUESSES = 16;

/**
 * Evaluates all requests in lockstep: every step is one decode that holds one token of each running answer
 * and, in the room the pause setting leaves, chunks of the prompts. Whatever goes wrong with one request ends
 * that request and nothing else.
 */
export class StepLoop {
  readonly #options: StepLoopOptions;
  readonly #waiting: Run[] = [];
  readonly #running: Run[] = [];
  #looping = false;
  #turn = 0;
  #step: { since: number; expectedMs: number } | null = null;
  /** A decode outside the loop, which has to end first. */
  #trial: Promise<unknown> | null = null;
  #promptTokens = 0;
  #cachedTokens = 0;
  #completionTokens = 0;
  #decodes = 0;
  /** Of steps that only hold answers; may be changed at any time. */
  decodeThreads: number;

  constructor(options: StepLoopOptions) {
    this.#options = options;
    this.decodeThreads = options.decodeThreads;
  }

  get activity(): Activity {
    return {
      busySlots: this.#running.length,
      queued: Math.max(0, this.#waiting.length - this.#freeSlots().length),
      promptTokens: this.#promptTokens,
      cachedTokens: this.#cachedTokens,
      completionTokens: this.#completionTokens,
      decodes: this.#decodes,
    };
  }

  /** The step under way, for whoever judges whether it hangs. */
  get runningStep(): RunningStep | null {
    return this.#step && { ageMs: performance.now() - this.#step.since, expectedMs: this.#step.expectedMs };
  }

  /** @throws ApiError `queue_full` when no slot is free and as many requests as may are waiting */
  assertRoom(): void {
    // Those for whom a slot is free get it before the next step.
    const waiting = this.#waiting.length - this.#freeSlots().length;
    if (waiting >= this.#options.queueLimit) throw queueFull(waiting);
  }

  /** @throws ApiError as `assertRoom` does, unless the run follows another one */
  submit(run: Run): void {
    if (!run.follows) this.assertRoom();
    this.#waiting.push(run);
    if (!this.#looping) void this.#loop();
  }

  /** Lets go of a request, whatever it is doing; its slot is free before the next step begins. */
  cancel(id: string): void {
    const queued = this.#waiting.findIndex((run) => run.id === id);
    if (queued >= 0) this.#waiting.splice(queued, 1);
    const run = this.#running.find((candidate) => candidate.id === id);
    if (run) run.cancelled = true;
  }

  /**
   * Decodes one token nobody asked for, to see how long it takes.
   * @returns milliseconds, or `null` when requests have come, which go first
   */
  async tryDecode(threads: number): Promise<number | null> {
    // A slot with nothing to lose, or the one unused for longest.
    const free = this.#freeSlots();
    const slot =
      free.find(({ length }) => length === 0) ?? free.toSorted((a, b) => a.lastUsed - b.lastUsed)[0];
    if (this.#looping || this.#trial || !slot) return null;
    const trial = this.#decodeOnce(slot, threads);
    this.#trial = trial.catch(() => null);
    return trial.finally(() => {
      this.#trial = null;
    });
  }

  async #decodeOnce(slot: Slot, threads: number): Promise<number> {
    const { context } = this.#options;
    // What the cache holds survives, unless there is no room behind it or the state can not be cut back.
    if (slot.checkpoints || slot.length === slot.capacity) slot.clear();
    const position = slot.length;
    try {
      context.begin(1);
      context.add(slot.sequence, position, Uint32Array.of(0), true);
      const since = this.#begin({ answers: 1, promptTokens: 0 });
      await context.decode(threads);
      return performance.now() - since;
    } finally {
      this.#step = null;
      if (position === 0 || !context.removeFrom(slot.sequence, position)) slot.clear();
    }
  }

  async #loop(): Promise<void> {
    const { context, speed, hooks } = this.#options;
    this.#looping = true;
    try {
      await this.#trial;
      while (this.#waiting.length + this.#running.length > 0) {
        this.#dropCancelled();
        const outputs = await this.#fillSlots();
        const since = await this.#guess();
        const parts = planStep(this.#running, { speed, batchSize: context.batchSize, turn: this.#turn++ });
        if (parts.length > 0) await this.#evaluate(parts, outputs, since);
        this.#step = null;
        this.#dropOver();
        hooks.onStep(outputs);
        // Messages, timers and the channel get their turn between steps.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      hooks.onFatal(error);
    } finally {
      this.#looping = false;
    }
    hooks.onIdle();
  }

  /** Lets the drafter guess what comes next. @returns when the step began, if it began with that */
  async #guess(): Promise<number | undefined> {
    const { drafter, context, speed } = this.#options;
    const answers = this.#running.filter(({ answering }) => answering).length;
    if (!drafter || answers === 0) return undefined;
    const room = context.batchSize - this.#running.length;
    const chunk = speed.chunk(answers, room);
    // A smaller model takes less for each of its decodes than the one that this speed is of.
    const since = this.#begin({ answers, promptTokens: chunk });
    await drafter.draft(this.#running, Math.min(room, answers * MOST_GUESSES), chunk);
    return since;
  }

  /** Gives free slots to the requests that wait longest. */
  async #fillSlots(): Promise<StepOutput[]> {
    const { slots, context } = this.#options;
    const outputs: StepOutput[] = [];
    while (this.#waiting.length > 0) {
      const run = this.#waiting[0]!;
      const slot = chooseSlot(slots, run.prompt);
      if (!slot) {
        if (slots.every(({ broken }) => broken)) throw new Error("no slot of the context is usable any more");
        break;
      }
      this.#waiting.shift();
      this.#running.push(run);
      slot.busy = true;
      run.start(slot);
      if (run.limit <= 0) {
        outputs.push(run.endEmpty());
        continue;
      }
      try {
        // The last token of the prompt is always evaluated: its logits give the first of the answer.
        run.cachedTokens = await slot.keep(Math.min(slot.commonPrefix(run.prompt), run.prompt.length - 1));
        run.sampler = context.createSampler(run.samplerConfig);
        this.#cachedTokens += run.cachedTokens;
      } catch (error) {
        this.#fail(run, error);
      }
    }
    this.#dropOver();
    return outputs;
  }

  /** @param begun when the step began, where it did before this */
  async #evaluate(planned: Part[], outputs: StepOutput[], begun?: number): Promise<void> {
    const { context, slots, promptThreads, speed } = this.#options;
    const size = planned.reduce((sum, { tokens }) => sum + tokens.length, 0);
    context.begin(size);
    const parts = planned.filter((part) => this.#add(part));
    if (parts.length === 0) return;
    const answers = parts.filter(({ run }) => run.answering).length;
    const guessed = parts.reduce((sum, part) => sum + part.guessed, 0);
    const load = { answers, promptTokens: size - answers - guessed };
    const now = this.#begin(load);
    const since = begun ?? now;
    try {
      // A few tokens are bound by memory, not by arithmetic, and want the threads of an answer.
      await context.decode(size <= slots.length ? this.decodeThreads : promptThreads);
    } catch (error) {
      if (parts.length === 1) return this.#fail(parts[0]!.run, error);
      return this.#evaluateApart(parts, outputs, error);
    }
    this.#decodes++;
    for (const { slot, tokens, run, guessed: unsure } of parts) {
      // Which of its guesses stay is known once they are sampled.
      slot.append(tokens.subarray(0, tokens.length - unsure));
      if (!run.answering) this.#promptTokens += tokens.length;
    }
    await Promise.all(parts.map((part) => this.#finish(part, outputs)));
    for (const part of parts) if (part.guessed > 0) this.#cutWrong(part);
    const end = performance.now();
    speed.record(load, end - since, end);
  }

  /** Takes guesses that were not sampled out of the cache again. */
  #cutWrong({ run, slot }: Part): void {
    try {
      if (!this.#options.context.removeFrom(slot.sequence, slot.length)) slot.clear();
    } catch (error) {
      this.#fail(run, error);
    }
  }

  #add(part: Part): boolean {
    const { run, slot, tokens, sample, guessed } = part;
    const { context } = this.#options;
    try {
      part.logits =
        guessed > 0
          ? context.addAll(slot.sequence, slot.length, tokens)
          : [context.add(slot.sequence, slot.length, tokens, sample)];
      return true;
    } catch (error) {
      this.#fail(run, error);
      return false;
    }
  }

  /** A batch failed: finds out whose tokens did it by evaluating each part alone. */
  async #evaluateApart(parts: Part[], outputs: StepOutput[], error: unknown): Promise<void> {
    for (const part of parts) {
      const { run, slot } = part;
      // The failed decode may have left cells behind.
      if (this.#options.context.removeFrom(slot.sequence, slot.length)) await this.#evaluate([part], outputs);
      else this.#fail(run, error);
    }
  }

  /** Samples the run's next token, or saves a checkpoint on the way through its prompt. */
  async #finish(part: Part, outputs: StepOutput[]): Promise<void> {
    const { run, slot, sample } = part;
    try {
      if (!sample) {
        const { checkpoints } = slot;
        const due = slot.length === run.prompt.length - 1 || checkpoints?.isDue(slot.length);
        // Without it the next prompt pays for more, which is no reason to end this one.
        if (due) await checkpoints?.take(slot.length).catch(() => {});
        return;
      }
      await this.#sample(part, outputs);
    } catch (error) {
      this.#fail(run, error);
    }
  }

  /** Samples the next token, and the one after each guess that was right. */
  async #sample({ run, slot, tokens, guessed, logits }: Part, outputs: StepOutput[]): Promise<void> {
    const { context, tokens: meaning, drafter } = this.#options;
    const sure = tokens.length - guessed;
    let right = 0;
    for (;;) {
      const token = await context.sample(logits[right]!, run.sampler!);
      if (run.cancelled) return;
      this.#completionTokens++;
      outputs.push(run.accept(token, meaning));
      if (right === guessed || run.over || tokens[sure + right] !== token) break;
      right++;
    }
    if (guessed === 0) return;
    slot.append(tokens.subarray(sure, sure + right));
    drafter?.learn(run, right);
  }

  /** Lets the watchdog know what is about to be evaluated. @returns when it began */
  #begin(load: StepLoad): number {
    const since = performance.now();
    this.#step = { since, expectedMs: this.#options.speed.expect(load, since) };
    return since;
  }

  /** Ends one run with an error and makes its slot clean again. */
  #fail(run: Run, error: unknown): void {
    if (run.over) return;
    run.over = true;
    if (run.slot) {
      try {
        run.slot.clear();
      } catch {
        run.slot.broken = true;
      }
    }
    if (!run.cancelled)
      this.#options.hooks.onError(run.id, error instanceof ApiError ? error : engineFailed(error));
  }

  #freeSlots(): Slot[] {
    return this.#options.slots.filter((slot) => !slot.busy && !slot.broken);
  }

  #dropCancelled(): void {
    for (const run of this.#running) if (run.cancelled) run.over = true;
    this.#dropOver();
  }

  /** Frees the slots of runs that are over. */
  #dropOver(): void {
    for (let index = this.#running.length - 1; index >= 0; index--) {
      const run = this.#running[index]!;
      if (!run.over) continue;
      this.#running.splice(index, 1);
      run.sampler?.dispose();
      if (run.slot) {
        run.slot.busy = false;
        run.slot.lastUsed = performance.now();
      }
    }
  }
}
