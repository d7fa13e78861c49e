import type { RunningStep } from "./protocol.ts";

export interface WatchdogSettings {
  /** A ready engine that is silent for longer hangs. */
  heartbeatTimeoutMs: number;
  /** A step that takes this many times what its tokens should hangs … */
  stepFactor: number;
  /** … but never before this. */
  stepFloorMs: number;
  /** A load whose progress stands still for longer hangs. */
  loadStallMs: number;
}

/**
 * Judges from an engine's messages whether it hangs. Pure: times come in as milliseconds on a clock
 * that does not go back, and nothing is done about a verdict here.
 */
export class Watchdog {
  readonly #settings: WatchdogSettings;
  /** How often `judge` is called. */
  readonly #everyMs: number;
  #loading = true;
  #fraction = 0;
  #judged: number;
  /** When it last gave the sign that counts: progress while it loads, anything once it is ready. */
  #sign: number;
  #step: RunningStep | null = null;
  /** When this process last came back from a time in which it did not run. */
  #back = -Infinity;

  constructor(settings: WatchdogSettings, everyMs: number, now: number) {
    this.#settings = settings;
    this.#everyMs = everyMs;
    this.#judged = now;
    this.#sign = now;
  }

  /** The load has come so far; only more than before counts as a sign of life. */
  progress(fraction: number, now: number): void {
    if (fraction <= this.#fraction) return;
    this.#fraction = fraction;
    this.#sign = now;
  }

  /** The model is loaded: from now on every message is a sign of life. */
  ready(now: number): void {
    this.#loading = false;
    this.#sign = now;
  }

  /** A message has come. */
  message(now: number): void {
    if (!this.#loading) this.#sign = now;
  }

  /** `step` is what llama.cpp is at. */
  heartbeat(step: RunningStep | null, now: number): void {
    this.#step = step;
    this.message(now);
  }

  /** @returns why the engine is beyond help, as a sentence for a person, or `null` */
  judge(now: number): string | null {
    this.#excuse(now);
    const silence = now - this.#sign;
    const { heartbeatTimeoutMs, loadStallMs } = this.#settings;
    if (this.#loading) {
      if (silence <= loadStallMs) return null;
      const percent = Math.floor(this.#fraction * 100);
      return `the load stood still at ${percent} % for ${seconds(silence)} and was ended`;
    }
    if (silence > heartbeatTimeoutMs)
      return `the engine gave no sign of life for ${seconds(silence)} and was ended`;
    return this.#judgeStep(now);
  }

  #judgeStep(now: number): string | null {
    if (!this.#step) return null;
    const { expectedMs } = this.#step;
    // Whatever stopped this process may have stopped the engine's as well.
    const ageMs = Math.min(this.#step.ageMs, now - this.#back);
    const { stepFactor, stepFloorMs } = this.#settings;
    if (ageMs <= Math.max(stepFloorMs, stepFactor * expectedMs)) return null;
    return `a step took ${seconds(ageMs)} where ${seconds(expectedMs)} were expected, and the engine was ended`;
  }

  /** Time in which this process itself did not run (stopped, suspended, starved) proves nothing. */
  #excuse(now: number): void {
    const late = now - this.#judged - this.#everyMs;
    if (late > this.#everyMs) {
      this.#sign = Math.min(now, this.#sign + late);
      this.#back = now;
    }
    this.#judged = now;
  }
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
