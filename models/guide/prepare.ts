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
 * `bun models/guide/prepare.ts 1`, and 2 for the second stage: learns the vocabulary from the corpus and writes
 * what train.py reads: all samples' tokens one after the other, which of them are learned, and the lengths.
 */

/** The second stage has copying exercises. */
const STAGES = [
  { samples: 200_000, copies: 0 },
  { samples: 120_000, copies: 0.3 },
] as const;

const BUILD = join(import.meta.dir, "build");

const number = Number(Bun.argv[2] ?? 1);
const stage = STAGES[number - 1];
if (!stage) throw new RangeError(`there is no stage ${number}`);
const { samples, copies } = stage;

const corpus = await readCorpus();
/** The vocabulary is the same in every stage. */
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
const vocabulary = trainVocabulary(prose.join("\n"), tools.join(""), { pieces: 1700, words: 900 });
const encoder = new ChatEncoder(vocabulary);

const tokens: number[][] = [];
const learned: boolean[][] = [];
const source = new SampleSource(corpus, number === 1 ? random : seeded(number), copies);
for (let made = 0; made < samples; made++) {
  const ids: number[] = [];
  const marks: boolean[] = [];
  for (const piece of source.sample(made / samples)) {
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
  `${samples} samples, ${all} tokens, a vocabulary of ${vocabulary.size}, ${corpus.entries.length} answers`,
);
