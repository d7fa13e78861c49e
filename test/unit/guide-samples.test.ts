import { describe, expect, test } from "bun:test";
import { toolCall } from "../../models/guide/lib/chat-template.ts";
import { asTyped } from "../../models/guide/lib/noise.ts";
import { ChatEncoder, readVocabulary } from "../../models/guide/lib/tokeniser.ts";
import { GuessWeights } from "../../models/guide/lib/weights.ts";
import { plain } from "../../models/guide/lib/grammar.ts";
import { seeded } from "../support/random.ts";

const vocabulary = await readVocabulary();

describe("how much a guess counts", () => {
  const encoder = new ChatEncoder(vocabulary);
  const weights = new GuessWeights(vocabulary);

  /** The tokens that count so much, as text. */
  const counting = (text: string, weight: number) => {
    const ids = encoder.encode(text);
    const counts = weights.of(ids);
    return ids.filter((_, at) => counts[at] === weight).map((id) => vocabulary.tokens[id]!.replace("Ġ", " "));
  };

  test("is the same for every token of plain text", () => {
    const text = 'Set `"name": 4`, then {"a": "b"}.';
    expect(counting(text, 1)).toHaveLength(encoder.encode(text).length);
  });

  test("is most where a value begins, and more where a name begins or a value ends", () => {
    const call = toolCall("bmi", { height: 183, weight: 79, unit: "on", place: "zoo" });
    expect(counting(call, 4)).toEqual(["1", "7", "on", "z"]);
    expect(counting(call, 3).join(" ")).toBe('b " height , weight , unit ", place " }}');
  });
});

describe("a question as people type it", () => {
  const random = seeded(9);
  const typed = (question: string) =>
    new Set(Array.from({ length: 2000 }, () => plain(asTyped(question, random))));

  test("keeps the words and letters of a short one", () => {
    const words = [...typed("what are you")].map((text) => text.includes("what are you"));
    expect(words).not.toContain(false);
  });

  test("has slips, and more or fewer words, in a longer one", () => {
    const all = typed("where does the server keep its models");
    expect([...all].some((text) => text.includes("servr"))).toBe(true);
    expect([...all].some((text) => text.split(" ").length < 7)).toBe(true);
    expect([...all].some((text) => text.split(" ").length > 7)).toBe(true);
  });
});
