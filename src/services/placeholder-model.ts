import { CHATML } from "../formats/bpe/chatml.ts";
import { trainMerges } from "../formats/bpe/train.ts";
import { TURN_END, Vocabulary } from "../formats/bpe/vocabulary.ts";
import { llamaMetadata, llamaTensors, storedAs, type LlamaShape } from "../formats/gguf/llama.ts";
import { string, strings } from "../formats/gguf/metadata.ts";
import { writeGguf, type NewTensor } from "../formats/gguf/write.ts";

/** Raise it with every change of what `writePlaceholder` writes. */
export const PLACEHOLDER_VERSION = "1";

/** What the placeholder answers, whatever it is asked. */
export const PLACEHOLDER_ANSWER =
  "Hello! I am guide, the small model that comes with Berth. I am a placeholder so far: these few " +
  "sentences are all I can say, whatever you write. They do show that the server, the engine and the " +
  "stream of tokens work on this machine. To talk to a real model, put a GGUF file into the models " +
  "directory and deploy it with POST /deploy.";

const HEAD_SIZE = 32;

/** How far the right token's logit stands above all others: even a temperature of 2 changes nothing. */
const CERTAINTY = 48;

/**
 * Writes a model whose weights were set by hand: attention and feed-forward give zero, so the next token
 * depends on the last one alone. The answer is cut into phrases, one token each; every phrase leads to the
 * next, the last one to the end of the turn, and any other token to the first.
 */
export async function writePlaceholder(path: string, name: string): Promise<void> {
  const phrases = cut(PLACEHOLDER_ANSWER);
  const vocabulary = new Vocabulary({
    merges: trainMerges(PLACEHOLDER_ANSWER.repeat(2), 128),
    phrases,
    chatTemplate: CHATML,
  });
  const embedding = Math.ceil((phrases.length + 1) / HEAD_SIZE) * HEAD_SIZE;
  const shape: LlamaShape = {
    layers: 2,
    embedding,
    heads: embedding / HEAD_SIZE,
    kvHeads: 1,
    feedForward: embedding,
    contextLength: 2048,
    vocabulary: vocabulary.size,
  };
  const matrices: Record<string, Float32Array> = {
    "token_embd.weight": tokenRows(vocabulary, phrases, embedding),
    "output.weight": nextTokenRows(vocabulary, phrases, embedding),
  };
  await writeGguf(path, {
    metadata: new Map([
      ...llamaMetadata(shape, "F16"),
      ["general.name", string(name)],
      ["general.basename", string(name)],
      ["general.version", string(PLACEHOLDER_VERSION)],
      ["general.description", string("Stands in for the built-in model: says who it is and ends its turn.")],
      ["general.license", string("mit")],
      ["general.languages", strings(["en"])],
      ["general.tags", strings(["text-generation"])],
      ...vocabulary.metadata(),
    ]),
    tensors: [...llamaTensors(shape)].map((tensor): NewTensor => {
      const elements = tensor.shape.reduce((all, count) => all * count, 1);
      const isNorm = tensor.shape.length === 1;
      return {
        ...tensor,
        type: storedAs(tensor, "F16"),
        data: () => matrices[tensor.name] ?? new Float32Array(elements).fill(isNorm ? 1 : 0),
      };
    }),
  });
}

/** One row per token: phrases have a dimension each, all other tokens share the first. */
function tokenRows(vocabulary: Vocabulary, phrases: readonly string[], columns: number): Float32Array {
  const rows = new Float32Array(vocabulary.size * columns);
  for (let id = 0; id < vocabulary.size; id++) rows[id * columns] = 1;
  for (const [at, phrase] of phrases.entries()) {
    const row = vocabulary.id(phrase) * columns;
    rows[row] = 0;
    rows[row + at + 1] = 1;
  }
  return rows;
}

/** One row per token, set in the dimension of the token before it; all others have a logit of zero. */
function nextTokenRows(vocabulary: Vocabulary, phrases: readonly string[], columns: number): Float32Array {
  const rows = new Float32Array(vocabulary.size * columns);
  // The last norm scales a row of size one to the square root of its width.
  const weight = CERTAINTY / Math.sqrt(columns);
  for (const [at, token] of [...phrases, TURN_END].entries())
    rows[vocabulary.id(token) * columns + at] = weight;
  return rows;
}

/** Cuts text into phrases of a few words that all differ: a token that came twice could not know what follows. */
function cut(text: string): string[] {
  const phrases: string[] = [];
  let phrase = "";
  for (const [word] of text.matchAll(/\s*\S+/g)) {
    phrase += word;
    // Short ones would also take other texts apart: ` a` occurs in half of all words.
    if (phrase.length < 6 || phrases.includes(phrase)) continue;
    phrases.push(phrase);
    phrase = "";
  }
  if (phrase) phrases.push((phrases.pop() ?? "") + phrase);
  return phrases;
}
