/** Draws from a list. */
export type Random = () => number;

export const pick = <T>(random: Random, from: readonly T[]): T => {
  const drawn = from[Math.floor(random() * from.length)];
  if (drawn === undefined) throw new RangeError("there is nothing to pick from");
  return drawn;
};

/** Lists of synonyms by name; `<how>` in a phrasing stands for any phrasing of the list `how`. */
export type Slots = ReadonlyMap<string, readonly string[]>;

/**
 * Writes out a phrasing: `(a|b|)` becomes one of its alternatives, `<slot>` one of the slot's phrasings;
 * both may hold others. `choose` says which; spaces that empty alternatives leave are removed.
 * @throws RangeError for an unknown slot or an open bracket
 */
function expand(phrasing: string, slots: Slots, choose: (from: readonly string[]) => string): string {
  return new Expansion(slots, choose)
    .of(phrasing)
    .replace(/\s+/g, " ")
    .replace(/ ([?,.!])/g, "$1")
    .trim();
}

/** The same phrasing with the first alternative everywhere. */
export const canonical = (phrasing: string, slots: Slots): string =>
  expand(phrasing, slots, ([first = ""]) => first);

export const drawn = (phrasing: string, slots: Slots, random: Random): string =>
  expand(phrasing, slots, (from) => pick(random, from));

/** Matches, as `plain` texts, all that a phrasing can become. */
export function pattern(phrasing: string, slots: Slots): RegExp {
  const alternatives = (from: readonly string[]): string =>
    `(?:${from.map((part) => source(part)).join("|")})`;
  const source = (text: string): string => {
    // What the alternatives become is text by then, so it is marked to be left as it is.
    const parts: string[] = [];
    const marked = new Expansion(slots, (from) => `\u0000${parts.push(alternatives(from)) - 1}\u0000`).of(
      text,
    );
    return marked
      .split("\u0000")
      .map((part, at) => (at % 2 === 1 ? parts[Number(part)]! : escaped(part)))
      .join("");
  };
  return new RegExp(`^ *${source(phrasing)} *$`);
}

/** Lower case and without marks. */
export const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[?,.!'"]/g, "")
    .replace(/\s+/g, " ")
    .trim();

const escaped = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[?,.!'"]/g, "")
    .replace(/[\\^$*+()[\]{}|/]/g, "\\$&")
    .replace(/\s+/g, " *");

class Expansion {
  readonly #slots: Slots;
  readonly #choose: (from: readonly string[]) => string;

  constructor(slots: Slots, choose: (from: readonly string[]) => string) {
    this.#slots = slots;
    this.#choose = choose;
  }

  of(phrasing: string): string {
    let out = "";
    for (let at = 0; at < phrasing.length;) {
      const character = phrasing[at]!;
      if (character === "(") {
        const { alternatives, end } = bracket(phrasing, at);
        out += this.of(this.#choose(alternatives));
        at = end;
      } else if (character === "<") {
        const end = phrasing.indexOf(">", at);
        const name = phrasing.slice(at + 1, end);
        const slot = this.#slots.get(name);
        if (!slot) throw new RangeError(`there is no slot <${name}> for: ${phrasing}`);
        out += this.of(this.#choose(slot));
        at = end + 1;
      } else {
        out += character;
        at++;
      }
    }
    return out;
  }
}

/** The alternatives of the bracket that opens at `start`, and where it ends. */
function bracket(phrasing: string, start: number): { alternatives: string[]; end: number } {
  const alternatives: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < phrasing.length; at++) {
    const character = phrasing[at];
    if (character === "(") depth++;
    if (character === ")") depth--;
    if (depth === 1 && character === "|") {
      alternatives.push(phrasing.slice(from, at));
      from = at + 1;
    }
    if (depth === 0) return { alternatives: [...alternatives, phrasing.slice(from, at)], end: at + 1 };
  }
  throw new RangeError(`a bracket stays open: ${phrasing}`);
}
