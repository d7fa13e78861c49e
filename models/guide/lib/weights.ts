import type { Vocabulary } from "../../../src/formats/bpe/vocabulary.ts";
import { ARGUMENTS_OPEN, CALL_END, NAME_OPENS } from "./chat-template.ts";

/** What decides a call counts more than what follows from it, which is copied or always the same. */
const WEIGHT = { name: 3, value: 4, end: 3, other: 1 };

/** Tells how much each token of a learned text counts when it is guessed. */
export class GuessWeights {
  readonly #nameOpens: number;
  readonly #argumentsOpen: number;
  readonly #callEnd: number;
  readonly #colon: number;
  readonly #space: number;
  readonly #quote: number;
  readonly #ends: ReadonlySet<number>;

  constructor(vocabulary: Vocabulary) {
    this.#nameOpens = vocabulary.id(NAME_OPENS);
    this.#argumentsOpen = vocabulary.id(ARGUMENTS_OPEN);
    this.#callEnd = vocabulary.id(CALL_END);
    this.#colon = vocabulary.id('":');
    this.#space = vocabulary.id("\u0120");
    this.#quote = vocabulary.id('\u0120"');
    this.#ends = new Set(['"', '",', ",", "}}"].map((text) => vocabulary.id(text)));
  }

  /**
   * In a call, the first token of a value counts most, and the first of a name or of a parameter, and where a value
   * ends, more than the rest.
   */
  of(tokens: readonly number[]): number[] {
    let isCall = false;
    return tokens.map((token, at) => {
      const [before, last] = [tokens[at - 2], tokens[at - 1]];
      if (last === this.#argumentsOpen) isCall = true;
      if (token === this.#callEnd) isCall = false;
      if (last === this.#nameOpens) return WEIGHT.name;
      if (!isCall || last === undefined) return WEIGHT.other;
      const isOpen = last === this.#quote || last === this.#space;
      if (before === this.#colon && isOpen) return WEIGHT.value;
      const isParameter = before === this.#argumentsOpen || last === this.#quote;
      return isParameter || this.#ends.has(token) ? WEIGHT.end : WEIGHT.other;
    });
  }
}
