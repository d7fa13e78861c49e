import { describe, expect, test } from "bun:test";
import { ApiError } from "../../src/errors.ts";
import { greedy, randomSeed, toSampling, toStop } from "../../src/services/sampling.ts";

describe("sampling", () => {
  test("draws from the model's own distribution when a request says nothing", () => {
    expect(toSampling({})).toMatchObject({
      temperature: 1,
      topP: 1,
      topK: 0,
      minP: 0,
      presencePenalty: 0,
      frequencyPenalty: 0,
      repeatPenalty: 1,
      logitBias: [],
    });
  });

  test("takes null for unset and zero for zero", () => {
    expect(toSampling({ temperature: null, top_p: null, seed: null }).temperature).toBe(1);
    expect(toSampling({ temperature: 0, top_p: 0 })).toMatchObject({ temperature: 0, topP: 0 });
  });

  test("reads top_k -1 as off", () => {
    expect(toSampling({ top_k: -1 }).topK).toBe(0);
    expect(toSampling({ top_k: 40 }).topK).toBe(40);
  });

  test("knows the repeat penalty by both of its names", () => {
    expect(toSampling({ repeat_penalty: 1.1 }).repeatPenalty).toBe(1.1);
    expect(toSampling({ repetition_penalty: 1.2 }).repeatPenalty).toBe(1.2);
  });

  test.each([
    [0, 0],
    [42, 42],
    [0xffff_fffe, 0xffff_fffe],
    [0xffff_ffff, 0],
    [2 ** 40 + 5, 261],
    [-2, 0xffff_fffd],
    [Number.MIN_SAFE_INTEGER, 0xffff_ffff - (Number.MAX_SAFE_INTEGER % 0xffff_ffff)],
  ])("turns the seed %p into %p", (given, seed) => {
    expect(toSampling({ seed: given }).seed).toBe(seed);
  });

  test("draws a seed when there is none, and for -1", () => {
    const seeds = new Set([null, undefined, -1, -1].map((seed) => toSampling({ seed }).seed));
    expect(seeds.size).toBeGreaterThan(1);
  });

  test("never draws the value that llama.cpp takes for random", () => {
    for (let count = 0; count < 1000; count++) expect(randomSeed()).toBeLessThan(0xffff_ffff);
  });

  test("reads a logit bias as token ids", () => {
    expect(toSampling({ logit_bias: { "15": -100, "7": 5 } }).logitBias).toEqual([
      [7, 5],
      [15, -100],
    ]);
  });

  test.each(["hello", "-1", "1.5", "", "99999999999"])("refuses the logit bias of %p", (key) => {
    const refused = catchError(() => toSampling({ logit_bias: { [key]: 1 } }));
    expect(refused).toMatchObject({ status: 400, param: "logit_bias" });
  });

  test("is greedy with the other samplers off", () => {
    expect(greedy()).toMatchObject({ temperature: 0, topP: 1, topK: 0, repeatPenalty: 1 });
  });

  test("reads stop as one string, several or none, and leaves empty ones out", () => {
    expect(toStop("a")).toEqual(["a"]);
    expect(toStop(["a", "", "b"])).toEqual(["a", "b"]);
    expect(toStop("")).toEqual([]);
    expect(toStop(null)).toEqual([]);
    expect(toStop(undefined)).toEqual([]);
  });
});

function catchError(action: () => unknown): ApiError {
  try {
    action();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown");
}
