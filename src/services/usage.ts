import type { GenerationEnd, ModelInfo } from "../engine/engine.ts";
import type { TimingsAnswer, Usage } from "../schemas/usage.ts";

/** What one generation took; several are summed up in one answer. */
export interface Spent {
  promptTokens: number;
  end: GenerationEnd;
}

export function toUsage(spent: Spent[]): Usage {
  const prompt = sum(spent, (one) => one.promptTokens);
  const completion = sum(spent, (one) => one.end.completionTokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: sum(spent, (one) => one.end.cachedTokens) },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}

/** Of several answers together; those made side by side count with their own time each. */
export function toTimings(spent: Spent[]): TimingsAnswer {
  const cached = sum(spent, (one) => one.end.cachedTokens);
  const evaluated = sum(spent, (one) => one.promptTokens) - cached;
  const predicted = sum(spent, (one) => one.end.completionTokens);
  const begun = spent.filter(({ end }) => end.completionTokens > 0).length;
  const prefillMs = sum(spent, (one) => one.end.timings.prefillMs);
  const decodeMs = sum(spent, (one) => one.end.timings.decodeMs);
  return {
    queue_ms: round(sum(spent, (one) => one.end.timings.queueMs)),
    cache_n: cached,
    prompt_n: evaluated,
    prompt_ms: round(prefillMs),
    prompt_per_second: perSecond(evaluated, prefillMs),
    predicted_n: predicted,
    predicted_ms: round(decodeMs),
    // The time begins with the first token of an answer, which so took none of it.
    predicted_per_second: perSecond(predicted - begun, decodeMs),
  };
}

/** 0 where nothing was measured: JSON has no infinity. */
function perSecond(tokens: number, ms: number): number {
  return ms > 0 ? round((tokens * 1000) / ms) : 0;
}

function sum(spent: Spent[], count: (one: Spent) => number): number {
  return spent.reduce((total, one) => total + count(one), 0);
}

const round = (value: number) => Math.round(value * 100) / 100;

/** Stands for weights and device: answers to one seed can differ when it changes. */
export function fingerprint(info: ModelInfo): string {
  const { architecture, quantisation, parameters, fileSize, device, layers } = info;
  const parts = [architecture, quantisation, parameters, fileSize, device, layers.gpu];
  return `fp_${Bun.hash.xxHash3(parts.join("/")).toString(16).padStart(16, "0").slice(0, 10)}`;
}
