import { seeded } from "../../test/support/random.ts";
import { toolsTurn } from "./lib/chat-template.ts";
import { readCorpus } from "./lib/corpus.ts";
import { drawn } from "./lib/grammar.ts";
import { trainVocabulary, VOCABULARY_FILE } from "./lib/tokeniser.ts";
import { ToolPrompts } from "./lib/tool-prompts.ts";

/*
 * `bun models/guide/vocabulary.ts && bun fmt models/guide/vocabulary.json`: learns the vocabulary from the corpus and
 * writes vocabulary.json. It is not part of every training, so that a word more in the corpus does not give every
 * token another id.
 */

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
  return `${toolsTurn(offered, question)}\n`;
});
const vocabulary = trainVocabulary(prose.join("\n"), tools.join(""), { pieces: 3300, words: 200 });
await Bun.write(
  VOCABULARY_FILE,
  `${JSON.stringify({ size: vocabulary.size, merges: vocabulary.merges }, null, 2)}\n`,
);
console.log(`${VOCABULARY_FILE}: ${vocabulary.size} tokens`);
