import { scalar } from "../../src/formats/gguf/metadata.ts";
import { writeGguf } from "../../src/formats/gguf/write.ts";
import { randomModel, type RandomModelOptions } from "./random-model.ts";

/**
 * Writes a random model as several files, as llama.cpp's `gguf-split` does: the first has the metadata of the
 * whole, and each its share of the tensors and the `split.*` keys.
 * @param stem of the files, absolute
 * @param bare whether the first file has no tensors, as `gguf-split --no-tensor-first-split` leaves it
 * @returns their paths
 */
export async function writeSplitModel(
  stem: string,
  count: number,
  { bare = false, ...options }: RandomModelOptions & { bare?: boolean } = {},
): Promise<string[]> {
  const { metadata, tensors } = randomModel(options);
  const first = bare ? 1 : 0;
  const share = Math.ceil(tensors.length / (count - first));
  const paths: string[] = [];
  // One after the other: the weights are drawn from one sequence of random numbers.
  for (let part = 0; part < count; part++) {
    const path = `${stem}-${fiveDigits(part + 1)}-of-${fiveDigits(count)}.gguf`;
    await writeGguf(path, {
      metadata: new Map([
        ...(part === 0 ? metadata : []),
        ["split.no", scalar("uint16", part)],
        ["split.count", scalar("uint16", count)],
        ["split.tensors.count", scalar("int32", tensors.length)],
      ]),
      tensors: tensors.slice(Math.max(0, part - first) * share, Math.max(0, part + 1 - first) * share),
    });
    paths.push(path);
  }
  return paths;
}

const fiveDigits = (value: number) => String(value).padStart(5, "0");
