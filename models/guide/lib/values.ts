import { pick, type Random } from "./grammar.ts";
import { ALL_WORDS, words } from "./words.ts";

/** Arguments of one kind. */
export interface ValueKind {
  type: "string" | "integer" | "number" | "boolean";
  /** As a question says it; "yes" and "no" for a boolean. */
  value: (random: Random) => string | number;
}

/** A word that no list has, so that copying can not be learned by heart. */
export function madeUpWord(random: Random): string {
  if (random() < 0.6) return spliced(random);
  const syllables = Array.from({ length: 2 + Math.floor(random() * 2) }, () =>
    pick(random, words("syllables")),
  );
  const end = random() < 0.5 ? pick(random, ["n", "r", "s", "t", "l", "x", "ck", "th"]) : "";
  return syllables.join("") + end;
}

/** The beginning of one word and the end of another: the pieces that words are made of, in rows that none has. */
function spliced(random: Random): string {
  const [first, second] = [pick(random, ALL_WORDS), pick(random, ALL_WORDS)];
  return (
    first.slice(0, between(random, 2, first.length)) + second.slice(between(random, 0, second.length - 2))
  );
}

/** A whole number from `least` to `most`. */
export const between = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));

const upTo =
  (...limits: number[]): ValueKind["value"] =>
  (random) =>
    between(random, 1, pick(random, limits));

const capital = (word: string) => word[0]!.toUpperCase() + word.slice(1);

/** With this probability a name of the list, else a made-up one. */
const name =
  (list: string, share: number): ValueKind["value"] =>
  (random) =>
    random() < share
      ? pick(random, words(list))
      : capital(madeUpWord(random)) + (random() < 0.15 ? ` ${capital(madeUpWord(random))}` : "");

const word =
  (list: string, share: number): ValueKind["value"] =>
  (random) =>
    random() < share ? pick(random, words(list)) : madeUpWord(random);

/** One of the examples or, in three of ten cases, something that looks like one: as many words, capitals as there. */
export const like =
  (examples: readonly string[]): ValueKind["value"] =>
  (random) => {
    const example = pick(random, examples);
    if (random() < 0.7) return example;
    return example.replace(/\p{L}{3,}/gu, (part) => {
      const other = random() < 0.5 ? madeUpWord(random) : pick(random, ALL_WORDS);
      return /^\p{Lu}/u.test(part) ? capital(other) : other;
    });
  };

function phrase(random: Random): string {
  const next = () => (random() < 0.2 ? madeUpWord(random) : pick(random, words("words")));
  return Array.from({ length: between(random, 1, 5) }, next).join(" ");
}

const letters = (random: Random, length: number, alphabet: string): string =>
  Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]!).join("");

function code(random: Random): string {
  const prefix = () => letters(random, between(random, 1, 3), "ABCDEFGHJKLMNPQRSTUVWXYZ");
  const number = String(between(random, 1, 99_999));
  return pick(random, [
    number,
    prefix() + number,
    `${prefix()}-${number}`,
    `#${number}`,
    `${number}${prefix()}`,
    `${prefix()}${letters(random, between(random, 3, 7), "0123456789")}`,
    digits(random),
  ]);
}

const two = (number: number) => String(number).padStart(2, "0");

const digits = (random: Random): string => letters(random, between(random, 6, 14), "0123456789");

function site(random: Random): string {
  const host = random() < 0.4 ? `${pick(random, words("nouns")).split(" ")[0]}.` : "";
  return `${host}${madeUpWord(random)}.${pick(random, ["com", "org", "net", "io", "de", "example"])}`;
}

function date(random: Random): string {
  const [day, month, year] = [between(random, 1, 28), between(random, 1, 12), between(random, 1990, 2040)];
  const monthName = words("months")[month - 1];
  return pick(random, [
    `${year}-${two(month)}-${two(day)}`,
    `${year}-${two(month)}-${two(day)}`,
    `${day} ${monthName}`,
    `${monthName} ${day}`,
    `${two(day)}.${two(month)}.${year}`,
    pick(random, words("days")),
  ]);
}

const clock = (random: Random): string =>
  pick(random, [
    `${two(between(random, 0, 23))}:${two(between(random, 0, 59))}`,
    `${between(random, 1, 12)}${pick(random, ["am", "pm"])}`,
    `${between(random, 0, 23)}:${two(between(random, 0, 59))}`,
  ]);

function email(random: Random): string {
  const person =
    random() < 0.5 ? pick(random, words("people")).toLowerCase().replace(" ", ".") : madeUpWord(random);
  const host = random() < 0.5 ? madeUpWord(random) : pick(random, ["example", "mail", "post"]);
  return `${person}@${host}.${pick(random, ["com", "org", "net", "io", "de"])}`;
}

function fileName(random: Random): string {
  const base = random() < 0.5 ? pick(random, words("words")) : madeUpWord(random);
  const number = random() < 0.3 ? between(random, 1, 99) : "";
  return `${base}${number}.${pick(random, words("extensions"))}`;
}

/** A whole number in this share of the cases, else one with a decimal point. */
const decimal =
  (share: number, most: number): ValueKind["value"] =>
  (random) =>
    random() < share ? between(random, 1, most) : between(random, 1, 9999) / pick(random, [10, 100]);

const sum = (random: Random): string =>
  Array.from({ length: between(random, 2, 3) }, () => String(upTo(9, 99, 999)(random))).join(
    pick(random, [" + ", " - ", " * ", "*", "+", " / "]),
  );

const text = (value: ValueKind["value"]): ValueKind => ({ type: "string", value });

/** By the name that corpus/tools/*.md and corpus/parameters.md use. */
export const VALUES: Readonly<Record<string, ValueKind>> = {
  city: text(name("cities", 0.5)),
  person: text(name("people", 0.5)),
  number: { type: "integer", value: upTo(9, 20, 100, 5000) },
  count: { type: "integer", value: upTo(9, 20, 100, 1000, 50_000) },
  duration: { type: "integer", value: upTo(9, 60, 120) },
  span: { type: "integer", value: upTo(9, 60, 365, 3000) },
  quantity: { type: "number", value: decimal(0.8, 900) },
  amount: { type: "number", value: decimal(0.6, 900) },
  measure: { type: "number", value: decimal(0.4, 5000) },
  id: text(code),
  text: text(phrase),
  date: text(date),
  time: text(clock),
  language: text(name("languages", 0.7)),
  email: text(email),
  file: text(fileName),
  product: text(word("nouns", 0.6)),
  symbol: text((random) => letters(random, 3 + Math.floor(random() * 2), "ABCDEFGHIKLMNOPRSTUVXYZ")),
  word: text(word("words", 0.3)),
  table: text(word("words", 0.4)),
  site: text(site),
  signs: text((random) => letters(random, between(random, 3, 9), ".-")),
  room: text(word("rooms", 0.6)),
  sum: text(sum),
  switch: { type: "boolean", value: (random) => (random() < 0.6 ? "yes" : "no") },
};
