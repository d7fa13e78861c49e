import { describe, expect, test } from "bun:test";
import type { GenerationEnd, ModelInfo } from "../../src/engine/engine.ts";
import { fingerprint, toTimings, toUsage } from "../../src/services/usage.ts";

describe("usage", () => {
  test("sums up several answers", () => {
    expect(toUsage([spent(10, 3), spent(20, 5)])).toEqual({
      prompt_tokens: 30,
      completion_tokens: 8,
      total_tokens: 38,
      prompt_tokens_details: { cached_tokens: 8 },
      completion_tokens_details: { reasoning_tokens: 0 },
    });
  });

  test("tells speeds of what was really evaluated", () => {
    expect(toTimings([spent(10, 3)])).toEqual({
      queue_ms: 1,
      cache_n: 4,
      prompt_n: 6,
      prompt_ms: 60,
      prompt_per_second: 100,
      predicted_n: 3,
      predicted_ms: 150,
      predicted_per_second: 13.33,
    });
  });

  test("has no speed of an answer of one token, which took no time after it came", () => {
    const answer = spent(10, 1);
    answer.end.timings.decodeMs = 0.005;
    expect(toTimings([answer, answer])).toMatchObject({ predicted_n: 2, predicted_per_second: 0 });
  });

  test("has no speed where no time was measured", () => {
    const answer = spent(4, 0);
    answer.end.timings = { queueMs: 0, prefillMs: 0, decodeMs: 0 };
    expect(toTimings([answer])).toMatchObject({ prompt_per_second: 0, predicted_per_second: 0 });
  });
});

describe("the fingerprint", () => {
  test("stays the same for one model on one device, and changes with either", () => {
    expect(fingerprint(info())).toMatch(/^fp_[0-9a-f]{10}$/);
    expect(fingerprint(info())).toBe(fingerprint({ ...info(), loadTimeMs: 99, pid: 7 }));
    expect(fingerprint(info())).not.toBe(fingerprint({ ...info(), device: "cuda" }));
    expect(fingerprint(info())).not.toBe(fingerprint({ ...info(), quantisation: "Q8_0" }));
  });
});

function spent(promptTokens: number, completionTokens: number): { promptTokens: number; end: GenerationEnd } {
  const timings = { queueMs: 1, prefillMs: 60, decodeMs: 150 };
  return { promptTokens, end: { finishReason: "stop", cachedTokens: 4, completionTokens, timings } };
}

function info(): ModelInfo {
  return {
    architecture: "llama",
    quantisation: "Q4_K_M",
    parameters: 1e9,
    fileSize: 6e8,
    trainedContextLength: 8192,
    contextLength: 2048,
    slots: 4,
    hasChatTemplate: true,
    device: "cpu",
    layers: { gpu: 0, total: 16 },
    memory: { weights: 1, kvCache: 1, compute: 1, gpu: 0 },
    loadTimeMs: 1,
    pid: null,
    notes: [],
  };
}
