import { join } from "node:path";
import { llamaMetadata, llamaTensors, storedAs, type LlamaShape } from "../../src/formats/gguf/llama.ts";
import { float32, string, strings } from "../../src/formats/gguf/metadata.ts";
import { writeGguf, type NewTensor } from "../../src/formats/gguf/write.ts";
import { readVocabulary } from "./lib/tokeniser.ts";

/*
 * `bun models/guide/convert.ts [file]`: quantises the tensors that train.py left and writes guide.gguf, or
 * `file`.
 */

const BUILD = join(import.meta.dir, "build");
const FILE = Bun.argv[2] ?? join(import.meta.dir, "guide.gguf");
const QUANTISATION = "Q8_0";

/** Raise it when the model is trained again. */
const MODEL_VERSION = "7";

/** What the file advises, always the likeliest token: answers known by heart only get mixed up when they are drawn. */
const TEMPERATURE = 0;

const shape: LlamaShape = await Bun.file(join(BUILD, "shape.json")).json();
const vocabulary = await readVocabulary();
const weights = new Float32Array(await Bun.file(join(BUILD, "weights.f32")).arrayBuffer());

if (shape.vocabulary !== vocabulary.size)
  throw new RangeError(`the weights have ${shape.vocabulary} tokens and the vocabulary ${vocabulary.size}`);

let taken = 0;
const tensors = [...llamaTensors(shape, true)].map((tensor): NewTensor => {
  const elements = tensor.shape.reduce((all, count) => all * count, 1);
  const data = weights.subarray(taken, taken + elements);
  taken += elements;
  return { ...tensor, type: storedAs(tensor, QUANTISATION), data: () => data };
});
if (taken !== weights.length)
  throw new RangeError(`the shape needs ${taken} weights and there are ${weights.length}`);

await writeGguf(FILE, {
  metadata: new Map([
    ...llamaMetadata(shape, QUANTISATION),
    ["general.name", string("guide")],
    ["general.basename", string("guide")],
    ["general.version", string(MODEL_VERSION)],
    ["general.size_label", string(`${(weights.length / 1e6).toFixed(1)}M`)],
    [
      "general.description",
      string("Berth's small guide: explains Berth, shows how to deploy a real model, and calls tools."),
    ],
    ["general.license", string("mit")],
    ["general.languages", strings(["en"])],
    ["general.tags", strings(["text-generation"])],
    ["general.sampling.temp", float32(TEMPERATURE)],
    ...vocabulary.metadata(),
  ]),
  tensors,
});
console.log(`${FILE}: ${(Bun.file(FILE).size / 1e6).toFixed(2)} MB`);
