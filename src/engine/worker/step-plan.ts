import type { Run } from "./run.ts";
import { shareOut } from "./share.ts";
import type { Slot } from "./slots.ts";
import type { Speed } from "./speed.ts";

/** A run's tokens in one step. */
export interface Part {
  run: Run;
  slot: Slot;
  tokens: Uint32Array;
  /** Whether its next token is sampled. */
  sample: boolean;
  /** How many of the tokens, at their end, are guesses that the step checks. */
  guessed: number;
  /** Where to sample after the tokens that count, once they are part of a batch. */
  logits: readonly number[];
}

export interface StepLimits {
  speed: Speed;
  /** Most tokens of a step; more than there are runs. */
  batchSize: number;
  /** Counts the steps. */
  turn: number;
}

/**
 * What the next step evaluates: one token of every answer, and prompts in what batch and pause setting leave.
 *
 * In the order of the sequences: each has KV cells of its own (`kv_unified` is off), and llama.cpp evaluates together
 * only neighbours whose ids rise by one (`split_equal` of llama-batch.cpp). Any other order reads all weights once more
 * for every break in it, four times for four answers the wrong way round.
 */
export function planStep(runs: readonly Run[], { speed, batchSize, turn }: StepLimits): Part[] {
  const parts: Part[] = [];
  const prompts: { run: Run; slot: Slot; left: number }[] = [];
  for (const run of runs) {
    const { slot } = run;
    if (!slot || run.cancelled) continue;
    if (run.answering) {
      const tokens = Uint32Array.of(run.last[0]!, ...run.guesses);
      parts.push({ run, slot, tokens, sample: true, guessed: run.guesses.length, logits: [] });
    } else prompts.push({ run, slot, left: promptLeft(run, slot) });
  }
  if (prompts.length === 0) return inSequence(parts);
  const answers = parts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const shares = shareOut(
    prompts.map(({ left }) => left),
    speed.chunk(parts.length, batchSize - answers),
    turn,
  );
  for (const [index, { run, slot }] of prompts.entries()) {
    const share = shares[index]!;
    if (share === 0) continue;
    const end = slot.length + share;
    const tokens = run.prompt.subarray(slot.length, end);
    parts.push({ run, slot, tokens, sample: end === run.prompt.length, guessed: 0, logits: [] });
  }
  return inSequence(parts);
}

const inSequence = (parts: Part[]) => parts.toSorted((a, b) => a.slot.sequence - b.slot.sequence);

/** Models that reuse a prefix only at checkpoints stop once before the last token, where the next prompt may part. */
function promptLeft(run: Run, slot: Slot): number {
  const left = run.prompt.length - slot.length;
  return slot.checkpoints && left > 1 ? left - 1 : left;
}
