import { join } from "node:path";
import { Encoder } from "../../../src/formats/bpe/encode.ts";
import { trainMerges, type Merge } from "../../../src/formats/bpe/train.ts";
import { TURN_END, TURN_START, Vocabulary } from "../../../src/formats/bpe/vocabulary.ts";
import { words } from "../../../src/formats/bpe/words.ts";
import { ARGUMENTS_OPEN, CALL_END, CALL_START, GUIDE_TEMPLATE, NAME_OPENS } from "./chat-template.ts";

/** Texts that are one token wherever they occur. */
const PHRASES = ["http://127.0.0.1:8000", CALL_START, CALL_END, NAME_OPENS, ARGUMENTS_OPEN];

const WHOLE = [...PHRASES, TURN_START, TURN_END].map((text) => RegExp.escape(text));

const SPACE = "Ġ";

/**
 * Learns the vocabulary. Pieces of words are learned without the space before them, and only whole words
 * of `prose` get a token with it: so a value is the same tokens after a space in the question as after a
 * quotation mark in the call, which makes copying it easy to learn.
 */
export function trainVocabulary(
  prose: string,
  other: string,
  sizes: { pieces: number; words: number },
): Vocabulary {
  const pieces = trainMerges((prose + other).replaceAll(/ (?=\p{L})/gu, "\n"), sizes.pieces);
  const single = new Set(pieces.map(([left, right]) => left + right));
  const counts = new Map<string, number>();
  for (const word of words(prose))
    if (/^ [a-zA-Z]+$/.test(word) && single.has(word.slice(1)))
      counts.set(word.slice(1), (counts.get(word.slice(1)) ?? 0) + 1);
  const frequent = [...counts].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, sizes.words);
  const spaced = frequent.map(([word]): Merge => [SPACE, word]);
  return new Vocabulary({ merges: [...pieces, ...spaced], phrases: PHRASES, chatTemplate: GUIDE_TEMPLATE });
}

export const VOCABULARY_FILE = join(import.meta.dir, "..", "vocabulary.json");

/** The vocabulary as `vocabulary.ts` learned it. */
export async function readVocabulary(): Promise<Vocabulary> {
  const { merges }: { merges: Merge[] } = await Bun.file(VOCABULARY_FILE).json();
  return new Vocabulary({ merges, phrases: PHRASES, chatTemplate: GUIDE_TEMPLATE });
}

/** Tokenises text with control tokens and phrases in it, as llama.cpp does with a rendered template. */
export class ChatEncoder {
  readonly #vocabulary: Vocabulary;
  readonly #encoder: Encoder;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.#encoder = new Encoder(vocabulary);
  }

  encode(text: string): number[] {
    return text
      .split(new RegExp(`(${WHOLE.join("|")})`))
      .flatMap((part, at) => (at % 2 === 1 ? [this.#vocabulary.id(part)] : this.#encoder.encode(part)));
  }
}
