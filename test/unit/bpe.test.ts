import { expect, test } from "bun:test";
import { byteCharacters, fromByteCharacters, toByteCharacters } from "../../src/formats/bpe/byte-alphabet.ts";
import { Encoder } from "../../src/formats/bpe/encode.ts";
import { trainMerges } from "../../src/formats/bpe/train.ts";
import { Vocabulary } from "../../src/formats/bpe/vocabulary.ts";
import { words } from "../../src/formats/bpe/words.ts";

test("every byte has a visible character of its own", () => {
  expect(new Set(byteCharacters()).size).toBe(256);
  for (const character of byteCharacters()) expect(character).toMatch(/^[^\p{White_Space}\p{Cc}]$/u);
});

test("byte characters are those of GPT-2", () => {
  expect(toByteCharacters(" é\n\x7f")).toBe("ĠÃ©Ċġ");
  expect(fromByteCharacters(toByteCharacters("Grüße, 世界 🌍"))).toBe("Grüße, 世界 🌍");
});

test("text is cut into words with their space, single digits, marks and white space", () => {
  expect([...words("It's 2026, isn't it?  Yes!\n\n ok")]).toEqual([
    "It",
    "'s",
    " ",
    "2",
    "0",
    "2",
    "6",
    ",",
    " isn",
    "'t",
    " it",
    "?",
    " ",
    " Yes",
    "!",
    "\n\n",
    " ok",
  ]);
});

test("words put together are the text again", () => {
  const text = "  a\t\tb   12 345  .. é世界🌍\r\n\u00a0x ";
  expect([...words(text)].join("")).toBe(text);
});

test("the most frequent pair is merged first, and the same text gives the same merges", () => {
  const merges = trainMerges("aab aab aab ab", 3);
  expect(merges).toEqual([
    ["a", "b"],
    ["a", "ab"],
    ["Ġ", "aab"],
  ]);
  expect(trainMerges("aab aab aab ab", 3)).toEqual(merges);
});

test("training stops when no pair occurs twice", () => {
  expect(trainMerges("abc", 10)).toEqual([]);
});

test("the encoder applies merges in the order they were learned", () => {
  const vocabulary = new Vocabulary({
    merges: [
      ["b", "c"],
      ["a", "b"],
      ["a", "bc"],
    ],
  });
  const pieces = new Encoder(vocabulary).encode("abc ab").map((id) => vocabulary.tokens[id]);
  expect(pieces).toEqual(["abc", "Ġ", "ab"]);
});

test("what was trained encodes its text into few tokens, and nothing is lost", () => {
  const text = "the cat sat on the mat; the cat sat. 世界! ".repeat(5);
  const vocabulary = new Vocabulary({ merges: trainMerges(text, 60) });
  const ids = new Encoder(vocabulary).encode(text);
  expect(ids.length).toBeLessThan(text.length / 3);
  expect(fromByteCharacters(ids.map((id) => vocabulary.tokens[id]).join(""))).toBe(text);
});

test("a vocabulary refuses the same token twice", () => {
  expect(() => new Vocabulary({ merges: [], phrases: [" so", " so"] })).toThrow("the token ' so' twice");
});

test("two merges that lead to the same token share it", () => {
  const merges = [
    ["a", "b"],
    ["b", "c"],
    ["ab", "c"],
    ["a", "bc"],
  ] as const;
  expect(new Vocabulary({ merges }).size).toBe(256 + 3 + 3);
});
