import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { getLlama, type Llama, type LlamaModel, type Token } from "node-llama-cpp";
import { Encoder } from "../../src/formats/bpe/encode.ts";
import { trainMerges } from "../../src/formats/bpe/train.ts";
import { Vocabulary } from "../../src/formats/bpe/vocabulary.ts";
import { llamaMetadata, llamaTensors, type LlamaShape } from "../../src/formats/gguf/llama.ts";
import type { Quantisation } from "../../src/formats/gguf/quantise.ts";
import { writeGguf } from "../../src/formats/gguf/write.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

let llama: Llama;
beforeAll(async () => {
  llama = await getLlama({ gpu: false, build: "never", progressLogs: false, maxThreads: 1 });
});
afterAll(() => llama.dispose());

interface Decoding {
  temperature: number;
  topK?: number;
  seed?: number;
}

async function generate(
  model: LlamaModel,
  prompt: Token[],
  most: number,
  decoding: Decoding,
): Promise<Token[]> {
  await using context = await model.createContext({ contextSize: 512, threads: 1 });
  const tokens: Token[] = [];
  for await (const token of context.getSequence().evaluate(prompt, decoding)) {
    if (model.isEogToken(token)) return tokens;
    tokens.push(token);
    if (tokens.length === most) return tokens;
  }
  return tokens;
}

test.each(["F32", "F16", "Q8_0", "Q4_0"] as const)(
  "llama.cpp loads %s and decodes it greedily",
  async (quantisation) => {
    await using folder = await temporaryFolder();
    const modelPath = await writeRandomModel(join(folder.path, "m.gguf"), { quantisation, layers: 1 });
    await using model = await llama.loadModel({ modelPath });
    const prompt = model.tokenize("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", true);
    const tokens = await generate(model, prompt, 16, { temperature: 0 });
    expect(tokens).toHaveLength(16);
    expect(new Set(tokens).size).toBeGreaterThan(3);
  },
);

test("the same weights say the same in every type, so blocks lie as llama.cpp reads them", async () => {
  await using folder = await temporaryFolder();
  const firstTokens = async (quantisation: Quantisation) => {
    const modelPath = await writeRandomModel(join(folder.path, `${quantisation}.gguf`), { quantisation });
    await using model = await llama.loadModel({ modelPath });
    await using context = await model.createContext({ contextSize: 128, threads: 1 });
    const sequence = context.getSequence();
    const tokens: Token[] = [];
    for (let i = 0; i < 20; i++) {
      await sequence.clearHistory();
      const { value } = await sequence.evaluate(model.tokenize(`the sea ${i} is`), { temperature: 0 }).next();
      if (value !== undefined) tokens.push(value);
    }
    return tokens;
  };
  const exact = await firstTokens("F32");
  const agreement = async (quantisation: Quantisation) =>
    (await firstTokens(quantisation)).filter((token, i) => token === exact[i]).length;
  // Near ties may turn over, one in twenty or so; blocks that lie wrong would agree on none.
  expect(await agreement("F16")).toBeGreaterThanOrEqual(19);
  expect(await agreement("Q8_0")).toBeGreaterThanOrEqual(17);
  expect(await agreement("Q4_0")).toBeGreaterThanOrEqual(12);
});

test("our encoder cuts and merges text as llama.cpp does", async () => {
  await using folder = await temporaryFolder();
  const text = "The cat's 2026th mat:  a\t\tb\r\n\n x = [1.50, -3]; don't!   Grüße, 世界 🌍\u00a0end  ";
  const vocabulary = new Vocabulary({ merges: trainMerges(text.repeat(2), 40) });
  const shape: LlamaShape = {
    layers: 1,
    embedding: 32,
    heads: 1,
    kvHeads: 1,
    feedForward: 32,
    contextLength: 128,
    vocabulary: vocabulary.size,
  };
  const modelPath = join(folder.path, "m.gguf");
  await writeGguf(modelPath, {
    metadata: new Map([...llamaMetadata(shape, "F32"), ...vocabulary.metadata()]),
    tensors: [...llamaTensors(shape)].map((tensor) => ({
      ...tensor,
      type: "F32",
      data: () => new Float32Array(tensor.shape.reduce((all, count) => all * count, 1)),
    })),
  });
  await using model = await llama.loadModel({ modelPath });
  expect(model.tokenize(text).map(Number)).toEqual(new Encoder(vocabulary).encode(text));
});
