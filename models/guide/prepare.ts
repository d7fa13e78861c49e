import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { seeded } from "../../test/support/random.ts";
import { readCorpus } from "./lib/corpus.ts";
import { SAMPLES } from "./lib/courses.ts";
import { SampleSource } from "./lib/samples.ts";
import { ChatEncoder, readVocabulary } from "./lib/tokeniser.ts";
import { GuessWeights } from "./lib/weights.ts";

/*
 * `bun models/guide/prepare.ts`: draws samples from the corpus and writes what train.py reads: all their
 * tokens one after the other, how much each counts when it is guessed (0: it is only read), and the lengths.
 */

const BUILD = join(import.meta.dir, "build");

const corpus = await readCorpus();
const random = seeded(1);

const vocabulary = await readVocabulary();
const encoder = new ChatEncoder(vocabulary);
const guesses = new GuessWeights(vocabulary);

const tokens: number[][] = [];
const weights: number[][] = [];
const source = new SampleSource(corpus, random);
for (let made = 0; made < SAMPLES; made++) {
  const ids: number[] = [];
  const counts: number[] = [];
  for (const { text, learned, tokens: some } of source.sample(made)) {
    const piece = encoder.encode(text).slice(0, some);
    ids.push(...piece);
    counts.push(...(learned ? guesses.of(piece) : piece.map(() => 0)));
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
const all = tokens.reduce((sum, { length }) => sum + length, 0);
console.log(
  `${SAMPLES} samples, ${all} tokens, a vocabulary of ${vocabulary.size}, ${corpus.entries.length} answers`,
);
