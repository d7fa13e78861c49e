import { toByteCharacters } from "./byte-alphabet.ts";
import { join } from "./train.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { words } from "./words.ts";

/** Turns plain text into tokens as llama.cpp does; phrases and control tokens in it are plain text here. */
export class Encoder {
  readonly #vocabulary: Vocabulary;
  readonly #ranks: ReadonlyMap<string, number>;
  /** Texts repeat their words, and a word always gives the same tokens. */
  readonly #known = new Map<string, readonly number[]>();

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.#ranks = new Map(vocabulary.merges.map((pair, rank) => [pair.join(" "), rank]));
  }

  encode(text: string): number[] {
    return Array.from(words(text)).flatMap((word) => this.#word(word));
  }

  #word(word: string): readonly number[] {
    const known = this.#known.get(word);
    if (known) return known;
    let parts = Array.from(toByteCharacters(word));
    for (let pair = this.#earliest(parts); pair; pair = this.#earliest(parts)) parts = join(parts, ...pair);
    const tokens = parts.map((part) => this.#vocabulary.id(part));
    this.#known.set(word, tokens);
    return tokens;
  }

  /** The neighbours whose merge was learned first. */
  #earliest(parts: readonly string[]): [left: string, right: string] | null {
    let best: [string, string] | null = null;
    let lowest = Infinity;
    for (let i = 1; i < parts.length; i++) {
      const [left, right] = [parts[i - 1]!, parts[i]!];
      const rank = this.#ranks.get(`${left} ${right}`) ?? Infinity;
      if (rank >= lowest) continue;
      best = [left, right];
      lowest = rank;
    }
    return best;
  }
}
