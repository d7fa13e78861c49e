import type { Fits, SpeedEstimate } from "../../src/schemas/estimate.ts";

/** Good, with a but, or not at all: what a badge is coloured by. */
export type Verdict = "good" | "fair" | "bad";

export const FITS: Record<Fits, { verdict: Verdict; text: string }> = {
  whole: { verdict: "good", text: "Fits" },
  reduced: { verdict: "fair", text: "Fits, reduced" },
  after_eviction: { verdict: "fair", text: "Fits once idle models make room" },
  none: { verdict: "bad", text: "Does not fit" },
};

/** Of a search, where the size alone is known. */
export const HUB_FITS = {
  gpu: { verdict: "good", text: "Fits the GPU" },
  memory: { verdict: "good", text: "Fits" },
  none: { verdict: "bad", text: "Too large" },
} as const satisfies Record<string, { verdict: Verdict; text: string }>;

/** Of the catalogue, by published numbers. */
export const RECOMMENDED_FITS = {
  gpu: { verdict: "good", text: "Fits the GPU" },
  split: { verdict: "fair", text: "Partly on the GPU" },
  memory: { verdict: "good", text: "Fits" },
  none: { verdict: "bad", text: "Too large" },
} as const satisfies Record<string, { verdict: Verdict; text: string }>;

/** How fast it would be, and what that means to a reader. */
export function speedText({ class: name, tokens_per_second: rate }: SpeedEstimate): string {
  const shown = rate < 9.95 ? rate.toFixed(1) : String(Math.round(rate));
  const meaning = {
    fast: "fast",
    comfortable: "faster than reading",
    readable: "reading pace",
    slow: "slower than reading",
  }[name];
  return `about ${shown} tokens/s, ${meaning}`;
}
