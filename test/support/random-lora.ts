import { fileTypeId } from "../../src/formats/gguf/file-type.ts";
import { float32, string, uint32 } from "../../src/formats/gguf/metadata.ts";
import { writeGguf } from "../../src/formats/gguf/write.ts";
import { seeded } from "./random.ts";

/**
 * Writes an adapter that changes what the first layer of a random model of `embedding` asks for, in the form
 * that llama.cpp's `convert_lora_to_gguf.py` writes.
 * @returns `path`
 */
export async function writeRandomLora(path: string, embedding = 128, rank = 4): Promise<string> {
  const random = seeded(7);
  const values = (count: number) => Float32Array.from({ length: count }, () => random() - 0.5);
  const matrix = (name: string, shape: [number, number]) => ({
    name,
    shape,
    type: "F32" as const,
    data: () => values(shape[0] * shape[1]),
  });
  await writeGguf(path, {
    metadata: new Map([
      ["general.architecture", string("llama")],
      ["general.type", string("adapter")],
      ["general.file_type", uint32(fileTypeId("F32"))],
      ["adapter.type", string("lora")],
      ["adapter.lora.alpha", float32(64)],
    ]),
    tensors: [
      matrix("blk.0.attn_output.weight.lora_a", [embedding, rank]),
      matrix("blk.0.attn_output.weight.lora_b", [rank, embedding]),
    ],
  });
  return path;
}
