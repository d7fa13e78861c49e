import { expect, test } from "bun:test";
import { dequantise } from "../../models/guide/lib/dequantise.ts";
import { quantise } from "../../src/formats/gguf/quantise.ts";
import { seeded } from "../support/random.ts";

/** 4 blocks, of very different scales. */
function someWeights(): Float32Array<ArrayBuffer> {
  const random = seeded(1);
  return Float32Array.from({ length: 128 }, (_, at) => (random() - 0.5) * 10 ** Math.floor(at / 32));
}

test.each(["Q8_0", "F32"] as const)("a training goes on from the weights that a file has in %s", (type) => {
  const weights = someWeights();
  const stored = Uint8Array.from(quantise(weights, type));
  const read = dequantise(stored, type);
  for (const [at, weight] of weights.entries()) {
    const largest = Math.max(...weights.slice(at - (at % 32), at - (at % 32) + 32).map(Math.abs));
    expect(Math.abs(read[at]! - weight)).toBeLessThanOrEqual(largest / 200);
  }
  expect(Uint8Array.from(quantise(read, type))).toEqual(stored);
});

test("weights of a type that the guide never has are refused", () => {
  expect(() => dequantise(new Uint8Array(18), "Q4_0")).toThrow("type Q4_0");
});
