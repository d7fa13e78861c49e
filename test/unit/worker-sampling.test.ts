import { expect, test } from "bun:test";
import type { Sampling } from "../../src/engine/engine.ts";
import { samplerConfig } from "../../src/engine/worker/sampling.ts";

const sampling = (changes: Partial<Sampling> = {}): Sampling => ({
  temperature: 0.7,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repeatPenalty: 1,
  seed: 42,
  logitBias: [],
  ...changes,
});

const prompt = Uint32Array.from({ length: 100 }, (_, index) => index);

test("samplers that are off are left out of the chain", () => {
  expect(samplerConfig(sampling(), prompt)).toEqual({ temperature: 0.7, seed: 42 });
});

test("top-k, top-p and min-p are passed on when they are on", () => {
  expect(samplerConfig(sampling({ topK: 50, topP: 0.9, minP: 0.05 }), prompt)).toMatchObject({
    topK: 50,
    topP: 0.9,
    minP: 0.05,
  });
  expect(samplerConfig(sampling({ topP: 0 }), prompt).topP).toBe(0);
});

test("temperature 0 stays 0, which is greedy", () => {
  expect(samplerConfig(sampling({ temperature: 0 }), prompt).temperature).toBe(0);
});

test("any one penalty starts with the last 64 tokens of the prompt", () => {
  for (const penalty of [{ presencePenalty: 0.5 }, { frequencyPenalty: -1 }, { repeatPenalty: 1.1 }]) {
    const config = samplerConfig(sampling(penalty), prompt);
    expect(config.repeatPenaltyTokens).toEqual(prompt.slice(36));
    expect(config.repeatPenaltyMaxTokens).toBe(64);
  }
  expect(samplerConfig(sampling({ presencePenalty: 0.5 }), prompt)).toMatchObject({
    repeatPenalty: 1,
    repeatPenaltyPresencePenalty: 0.5,
    repeatPenaltyFrequencyPenalty: 0,
  });
});

test("biases go to their tokens, and banned tokens win over them", () => {
  const config = samplerConfig(
    sampling({
      logitBias: [
        [5, -100],
        [7, 3.5],
      ],
    }),
    prompt,
    [7, 9],
  );
  expect(config.tokenBiasKeys).toEqual(Uint32Array.of(5, 7, 9));
  expect(config.tokenBiasValues).toEqual(Float32Array.of(-100, -Infinity, -Infinity));
});

test("a seed is always given, as an unsigned number of 32 bits", () => {
  expect(samplerConfig(sampling({ seed: -1 }), prompt).seed).toBe(4_294_967_295);
  expect(samplerConfig(sampling({ seed: 0 }), prompt).seed).toBe(0);
});
