import { CHATML } from "../../src/formats/bpe/chatml.ts";
import { trainMerges } from "../../src/formats/bpe/train.ts";
import { Vocabulary } from "../../src/formats/bpe/vocabulary.ts";
import { llamaMetadata, llamaTensors, storedAs, type LlamaShape } from "../../src/formats/gguf/llama.ts";
import { string } from "../../src/formats/gguf/metadata.ts";
import type { Quantisation } from "../../src/formats/gguf/quantise.ts";
import { type NewGguf, type NewTensor, writeGguf } from "../../src/formats/gguf/write.ts";
import { seeded } from "./random.ts";
import { WeightPool } from "./weight-pool.ts";

/** Every field has a default; the defaults make a file of half a megabyte that loads in milliseconds. */
export interface RandomModelOptions extends Partial<LlamaShape> {
  /** Tokens; the ones beyond bytes, control tokens and a few merges are made-up words. Default 512. */
  vocabulary?: number;
  /** The same seed and shape give the same file. Default 1. */
  seed?: number;
  /** Default F16. */
  quantisation?: Quantisation;
  /** Jinja; `null` writes none. Default ChatML. */
  chatTemplate?: string | null;
  /** `general.name`. Default `random`. */
  name?: string;
  /** One matrix for embedding and output, as small models have. Default false. */
  tiedOutput?: boolean;
}

/**
 * Writes a model of llama.cpp's `llama` architecture with random weights. What it says is nonsense, yet
 * always the same for the same prompt. Unless the output is tied, greedy decoding never ends by itself:
 * the control tokens have a logit of zero, and some other token always has more.
 * @returns `path`
 */
export async function writeRandomModel(path: string, options: RandomModelOptions = {}): Promise<string> {
  await writeGguf(path, randomModel(options));
  return path;
}

/** What `writeRandomModel` writes. */
export function randomModel(options: RandomModelOptions = {}): NewGguf {
  const { seed = 1, quantisation = "F16", chatTemplate = CHATML, tiedOutput = false } = options;
  const vocabulary = randomVocabulary(options.vocabulary ?? 512, seed, chatTemplate);
  const heads = options.heads ?? 4;
  const shape: LlamaShape = {
    layers: options.layers ?? 2,
    embedding: options.embedding ?? 128,
    heads,
    kvHeads: options.kvHeads ?? Math.max(1, heads / 2),
    feedForward: options.feedForward ?? 256,
    contextLength: options.contextLength ?? 2048,
    vocabulary: vocabulary.size,
  };
  const tensors = [...llamaTensors(shape, tiedOutput)];
  const matrices = tensors.filter((tensor) => tensor.shape.length > 1);
  const weights = matrices.reduce((all, { shape: [columns = 1, rows = 1] }) => all + columns * rows, 0);
  const pool = new WeightPool(seeded(seed), weights, quantisation);
  return {
    metadata: new Map([
      ...llamaMetadata(shape, quantisation),
      ["general.name", string(options.name ?? "random")],
      ...vocabulary.metadata(),
    ]),
    tensors: tensors.map((tensor): NewTensor => {
      const [columns = 1, rows = 1] = tensor.shape;
      const type = storedAs(tensor, quantisation);
      const base = { name: tensor.name, shape: tensor.shape, type };
      // A norm leaves its input as it is.
      if (tensor.shape.length === 1) return { ...base, data: () => new Float32Array(columns).fill(1) };
      // Matrices keep the size of what goes through them; embeddings begin at size one.
      const spread = tensor.name === "token_embd.weight" ? 1 : 1 / Math.sqrt(columns);
      if (tensor.name !== "output.weight") return { ...base, data: () => pool.take(columns * rows, spread) };
      return { ...base, data: () => outputRows(pool, columns, vocabulary, spread) };
    }),
  };
}

/** Random rows, except zeros for the control tokens. */
function* outputRows(
  pool: WeightPool,
  columns: number,
  vocabulary: Vocabulary,
  spread: number,
): Generator<Uint8Array> {
  let id = 0;
  const runTo = (end: (at: number) => boolean) => {
    const first = id;
    while (id < vocabulary.size && !end(id)) id++;
    return (id - first) * columns;
  };
  while (id < vocabulary.size) {
    yield* pool.take(
      runTo((at) => vocabulary.isControl(at)),
      spread,
    );
    yield* pool.take(
      runTo((at) => !vocabulary.isControl(at)),
      0,
    );
  }
}

const SAMPLE = `You are a helpful assistant. Tell me about the weather, the sea and the stars in one sentence.
What is the difference between the two of them? Write a short story about a small house near the water.
The server answers every request that the model can answer, and tells the reason for every one that it can not.
system user assistant tool `;

function randomVocabulary(size: number, seed: number, chatTemplate: string | null): Vocabulary {
  const merges = trainMerges(SAMPLE.repeat(2), Math.min(200, Math.max(0, size - 259)));
  const base = new Vocabulary({ merges }).size;
  if (size < base) throw new RangeError(`the smallest vocabulary has ${base} tokens`);
  const known = new Set(new Vocabulary({ merges }).tokens);
  const random = seeded(seed);
  const words = new Set<string>();
  while (base + words.size < size) {
    const word = madeUpWord(random);
    if (!known.has(word)) words.add(word);
  }
  return new Vocabulary({ merges, unreachable: [...words], chatTemplate: chatTemplate ?? undefined });
}

/** Two to four syllables after a space (`Ġ` in byte characters). */
function madeUpWord(random: () => number): string {
  const letter = (of: string) => of[Math.floor(random() * of.length)]!;
  let word = "Ġ";
  for (let left = 2 + Math.floor(random() * 3); left > 0; left--)
    word += letter("bdfghjklmnprstvwz") + letter("aeiou");
  return word;
}
