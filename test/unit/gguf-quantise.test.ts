import { expect, test } from "bun:test";
import { quantise } from "../../src/formats/gguf/quantise.ts";

/** 32 weights with fractions that do not fit any of the types. */
const weights = Float32Array.from({ length: 32 }, (_, i) => (i - 13) * 0.37 + (i % 5) * 0.11);

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

// The expected bytes are what ggml's own reference quantisation gives for these weights.
test("Q8_0 stores a block as ggml does", () => {
  expect(hex(quantise(weights, "Q8_0"))).toBe(
    "d32aa6afb8c1cac8d1dae3ecebf4fd060f0e17202932313a434c55535c656e77767f",
  );
});

test("Q4_0 stores a block as ggml does", () => {
  expect(hex(quantise(weights, "Q4_0"))).toBe("c5ba7e6d5d5c5b4b4b3a3a39292918081707");
});

test("Q8_0 rounds halves away from zero", () => {
  const halves = new Float32Array(32);
  halves.set([127, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5]);
  const stored = new Int8Array(quantise(halves, "Q8_0").buffer, 2);
  expect(Array.from(stored.subarray(0, 7))).toEqual([127, 1, -1, 2, -2, 3, -3]);
});

test.each(["Q8_0", "Q4_0"] as const)("%s stores a block of zeros as scale zero, not as NaN", (type) => {
  const scale = new DataView(quantise(new Float32Array(32), type).buffer).getFloat16(0, true);
  expect(Math.abs(scale)).toBe(0);
});

test("F16 rounds to the nearest half, ties to even", () => {
  const stored = new Float16Array(quantise(Float32Array.of(0.1, 2049, 2051, 70_000), "F16").buffer);
  expect([...stored]).toEqual([0.0999755859375, 2048, 2052, Infinity]);
});

test("F32 keeps every bit", () => {
  expect(new Float32Array(new Uint8Array(quantise(weights, "F32")).buffer)).toEqual(weights);
});

test("weights that fill no whole block are refused", () => {
  expect(() => quantise(new Float32Array(33), "Q8_0")).toThrow("whole number of Q8_0 blocks");
});
