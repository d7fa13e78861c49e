import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { seeded } from "../../test/support/random.ts";
import { readCorpus } from "./lib/corpus.ts";
import { drawn } from "./lib/grammar.ts";
import { SampleSource } from "./lib/samples.ts";
import { ChatEncoder, trainVocabulary } from "./lib/tokeniser.ts";
import { ToolPrompts } from "./lib/tool-prompts.ts";
import { toolsTurn } from "./lib/chat-template.ts";

/*
 * `bun models/guide/prepare.ts`: learns the vocabulary from the corpus and writes what train.py reads: all
 * samples' tokens one after the other, which of them are learned, and the lengths.
 */

const SAMPLES = 320_000;

const BUILD = join(import.meta.dir, "build");

const corpus = await readCorpus();
const random = seeded(1);

const prose = [...corpus.entries, ...corpus.followUps].map(
  ({ questions, answer }) =>
    `${answer}\n`.repeat(2) +
    questions
      .map((question) => Array.from({ length: 4 }, () => drawn(question, corpus.slots, random)).join("\n"))
      .join("\n"),
);
const prompts = new ToolPrompts(corpus.tools, random);
const tools = Array.from({ length: 600 }, () => {
  const { tools: offered, question } = prompts.prompt();
  return `${toolsTurn(offered)}\n${question}\n`;
});
const vocabulary = trainVocabulary(prose.join("\n"), tools.join(""), { pieces: 1700, words: 500 });
const encoder = new ChatEncoder(vocabulary);

const tokens: number[][] = [];
const learned: boolean[][] = [];
const source = new SampleSource(corpus, random);
for (let made = 0; made < SAMPLES; made++) {
  const ids: number[] = [];
  const marks: boolean[] = [];
  for (const piece of source.sample(made / SAMPLES)) {
    const encoded = encoder.encode(piece.text).slice(0, piece.tokens);
    ids.push(...encoded);
    marks.push(...encoded.map(() => piece.learned));
  }
  tokens.push(ids);
  learned.push(marks);
}

await mkdir(BUILD, { recursive: true });
await Bun.write(join(BUILD, "tokens.u16"), Uint16Array.from(tokens.flat()));
await Bun.write(join(BUILD, "learned.u8"), Uint8Array.from(learned.flat(), Number));
await Bun.write(
  join(BUILD, "lengths.u32"),
  Uint32Array.from(tokens, ({ length }) => length),
);
await Bun.write(
  join(BUILD, "vocabulary.json"),
  `${JSON.stringify({ size: vocabulary.size, merges: vocabulary.merges })}\n`,
);
const all = tokens.reduce((sum, { length }) => sum + length, 0);
console.log(
  `${SAMPLES} samples, ${all} tokens, a vocabulary of ${vocabulary.size}, ${corpus.entries.length} answers`,
);
