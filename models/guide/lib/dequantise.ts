import { tensorType } from "../../../src/formats/gguf/tensor-type.ts";

/**
 * The weights that `quantise` of `src/formats/gguf` stored.
 * @throws RangeError for a type that the guide does not have
 */
export function dequantise(stored: Uint8Array<ArrayBuffer>, type: string): Float32Array<ArrayBuffer> {
  if (type === "F32") return new Float32Array(stored.buffer, stored.byteOffset, stored.byteLength / 4);
  if (type !== "Q8_0") throw new RangeError(`weights of type ${type} can not be gone on from`);
  const { elements, bytes } = tensorType(type);
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const weights = new Float32Array((stored.byteLength / bytes) * elements);
  for (let at = 0; at < weights.length; at++) {
    const block = Math.floor(at / elements) * bytes;
    weights[at] = view.getFloat16(block, true) * view.getInt8(block + 2 + (at % elements));
  }
  return weights;
}
