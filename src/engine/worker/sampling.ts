import type { Sampling } from "../engine.ts";

/** The addon's own words; a key that is missing leaves its sampler out of the chain. */
export interface SamplerConfig {
  temperature: number;
  seed: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repeatPenalty?: number;
  repeatPenaltyMaxTokens?: number;
  repeatPenaltyTokens?: Uint32Array;
  repeatPenaltyPresencePenalty?: number;
  repeatPenaltyFrequencyPenalty?: number;
  tokenBiasKeys?: Uint32Array;
  tokenBiasValues?: Float32Array;
}

/** Tokens the penalties look back on, as llama-server's `repeat_last_n`. */
const PENALTY_WINDOW = 64;

/**
 * The sampler chain of one request: logit bias, penalties, then greedy, or top-k, top-p, min-p, temperature
 * and a draw. The native sampler adds what it samples to the penalties' history, so this is applied once.
 * @param prompt its last tokens begin the penalties' history
 * @param banned tokens that must never come, e.g. those that end an answer when the end is ignored
 */
export function samplerConfig(
  sampling: Sampling,
  prompt: Uint32Array,
  banned: readonly number[] = [],
): SamplerConfig {
  const config: SamplerConfig = { temperature: sampling.temperature, seed: sampling.seed >>> 0 };
  // Top-k of 0 would sort the whole vocabulary, 11 ms a token at 128k; leaving it out costs nothing.
  if (sampling.topK > 0) config.topK = sampling.topK;
  if (sampling.topP < 1) config.topP = sampling.topP;
  if (sampling.minP > 0) config.minP = sampling.minP;
  const { repeatPenalty, presencePenalty, frequencyPenalty } = sampling;
  if (repeatPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0) {
    config.repeatPenalty = repeatPenalty;
    config.repeatPenaltyPresencePenalty = presencePenalty;
    config.repeatPenaltyFrequencyPenalty = frequencyPenalty;
    config.repeatPenaltyMaxTokens = PENALTY_WINDOW;
    config.repeatPenaltyTokens = prompt.slice(-PENALTY_WINDOW);
  }
  const biases = new Map(sampling.logitBias);
  for (const token of banned) biases.set(token, -Infinity);
  if (biases.size > 0) {
    config.tokenBiasKeys = Uint32Array.from(biases.keys());
    config.tokenBiasValues = Float32Array.from(biases.values());
  }
  return config;
}
