import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { seeded } from "../../test/support/random.ts";
import { readCorpus } from "./lib/corpus.ts";
import { drawn } from "./lib/grammar.ts";
import { SampleSource } from "./lib/samples.ts";
import { ChatEncoder, trainVocabulary } from "./lib/tokeniser.ts";
import { ToolPrompts } from "./lib/tool-prompts.ts";
import { NAME_OPENS, toolsTurn } from "./lib/chat-template.ts";

/*
 * `bun models/guide/prepare.ts`: learns the vocabulary from the corpus and writes what train.py reads: all
 * samples' tokens one after the other, how much each counts when it is guessed (0: it is only read), and the lengths.
 */

const SAMPLES = 320_000;

/** How many times as much as another token the first one of a name counts: all else in a call follows from it. */
const CHOICE_WEIGHT = 4;

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
const tools = Array.from({ length: 2000 }, () => {
  const { tools: offered, question } = prompts.prompt();
  return `${toolsTurn(offered)}\n${question}\n`;
});
const vocabulary = trainVocabulary(prose.join("\n"), tools.join(""), { pieces: 3300, words: 200 });
const encoder = new ChatEncoder(vocabulary);

const tokens: number[][] = [];
const weights: number[][] = [];
const nameOpens = vocabulary.id(NAME_OPENS);
const source = new SampleSource(corpus, random);
for (let made = 0; made < SAMPLES; made++) {
  const ids: number[] = [];
  const counts: number[] = [];
  for (const { text, learned, tokens: some } of source.sample(made / SAMPLES))
    for (const id of encoder.encode(text).slice(0, some)) {
      counts.push(learned ? (ids.at(-1) === nameOpens ? CHOICE_WEIGHT : 1) : 0);
      ids.push(id);
    }
  tokens.push(ids);
  weights.push(counts);
}

await mkdir(BUILD, { recursive: true });
await Bun.write(join(BUILD, "tokens.u16"), Uint16Array.from(tokens.flat()));
await Bun.write(join(BUILD, "weights.u8"), Uint8Array.from(weights.flat()));
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
