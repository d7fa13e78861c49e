import { tensorType } from "./tensor-type.ts";

/** The tensor types this project can write. */
export type Quantisation = "F32" | "F16" | "Q8_0" | "Q4_0";

/** Weights that share one scale in Q8_0 and Q4_0. */
const BLOCK = 32;

/**
 * Stores weights as ggml does, byte for byte (`quantize_row_q8_0_ref` and siblings of ggml-quants.c).
 * @throws RangeError when `weights` is not a whole number of blocks
 */
export function quantise(weights: Float32Array, to: Quantisation): Uint8Array {
  const { elements } = tensorType(to);
  if (weights.length % elements !== 0)
    throw new RangeError(`${weights.length} weights are no whole number of ${to} blocks of ${elements}`);
  switch (to) {
    case "F32":
      return new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
    case "F16":
      return new Uint8Array(new Float16Array(weights).buffer);
    case "Q8_0":
      return toQ8(weights);
    case "Q4_0":
      return toQ4(weights);
  }
}

/** Per block: a half-precision scale, then 32 signed bytes. */
function toQ8(weights: Float32Array): Uint8Array {
  const blockBytes = tensorType("Q8_0").bytes;
  const blocks = weights.length / BLOCK;
  const bytes = new Uint8Array(blocks * blockBytes);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block++) {
    const first = block * BLOCK;
    let largest = 0;
    for (let i = first; i < first + BLOCK; i++) largest = Math.max(largest, Math.abs(weights[i]!));
    const scale = Math.fround(largest / 127);
    const inverse = scale ? Math.fround(1 / scale) : 0;
    const start = block * blockBytes;
    view.setFloat16(start, scale, true);
    for (let i = 0; i < BLOCK; i++)
      bytes[start + 2 + i] = awayFromZero(Math.fround(weights[first + i]! * inverse));
  }
  return bytes;
}

/** Per block: a half-precision scale, then 16 bytes, each with one weight of either half of the block. */
function toQ4(weights: Float32Array): Uint8Array {
  const blockBytes = tensorType("Q4_0").bytes;
  const half = BLOCK / 2;
  const blocks = weights.length / BLOCK;
  const bytes = new Uint8Array(blocks * blockBytes);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block++) {
    const first = block * BLOCK;
    let extreme = 0;
    for (let i = first; i < first + BLOCK; i++)
      if (Math.abs(weights[i]!) > Math.abs(extreme)) extreme = weights[i]!;
    const scale = Math.fround(extreme / -8);
    const inverse = scale ? Math.fround(1 / scale) : 0;
    const start = block * blockBytes;
    view.setFloat16(start, scale, true);
    for (let i = 0; i < half; i++) {
      const low = nibble(Math.fround(weights[first + i]! * inverse));
      const high = nibble(Math.fround(weights[first + half + i]! * inverse));
      bytes[start + 2 + i] = low | (high << 4);
    }
  }
  return bytes;
}

/** C's `roundf`: halves go away from zero, where `Math.round` takes them up. */
function awayFromZero(value: number): number {
  const rounded = Math.round(Math.abs(value));
  return value < 0 ? -rounded : rounded;
}

const nibble = (scaled: number) => Math.min(15, Math.trunc(Math.fround(scaled + 8.5)));
