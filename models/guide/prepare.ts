import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { seeded } from "../../test/support/random.ts";
import { readCorpus } from "./lib/corpus.ts";
import { FROM_NOTHING, GOING_ON, samplesOf } from "./lib/courses.ts";
import { SampleSource } from "./lib/samples.ts";
import { ChatEncoder, readVocabulary } from "./lib/tokeniser.ts";
import { GuessWeights } from "./lib/weights.ts";

/*
 * `bun models/guide/prepare.ts [on]`: draws samples from the corpus, for a training from nothing or one that goes on,
 * and writes what train.py reads: all their tokens one after the other, how much each counts when it is guessed (0: it
 * is only read), and the lengths.
 */

const courses = Bun.argv[2] === "on" ? GOING_ON : FROM_NOTHING;
const BUILD = join(import.meta.dir, "build");

const corpus = await readCorpus();
const random = seeded(1);

const vocabulary = await readVocabulary();
const encoder = new ChatEncoder(vocabulary);
const guesses = new GuessWeights(vocabulary);

await mkdir(BUILD, { recursive: true });
/** A file of its own: a writer leaves what a longer one had behind its end. */
async function emptied(name: string) {
  await rm(join(BUILD, name), { force: true });
  return Bun.file(join(BUILD, name)).writer();
}
const files = {
  tokens: await emptied("tokens.u16"),
  weights: await emptied("weights.u8"),
  lengths: await emptied("lengths.u32"),
};
const source = new SampleSource(corpus, random, courses);
let all = 0;
for (let made = 0; made < samplesOf(courses); made++) {
  const ids: number[] = [];
  const counts: number[] = [];
  for (const { text, learned, tokens: some } of source.sample(made)) {
    const piece = encoder.encode(text).slice(0, some);
    ids.push(...piece);
    counts.push(...(learned ? guesses.of(piece) : piece.map(() => 0)));
  }
  await files.tokens.write(Uint16Array.from(ids));
  await files.weights.write(Uint8Array.from(counts));
  await files.lengths.write(Uint32Array.of(ids.length));
  all += ids.length;
}
for (const written of Object.values(files)) await written.end();
console.log(
  `${samplesOf(courses)} samples, ${all} tokens, a vocabulary of ${vocabulary.size}, ${corpus.entries.length} answers`,
);
