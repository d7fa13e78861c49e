import { describe, expect, test } from "bun:test";
import { toolCall } from "../../models/guide/lib/chat-template.ts";
import { asTyped } from "../../models/guide/lib/noise.ts";
import { ChatEncoder, readVocabulary } from "../../models/guide/lib/tokeniser.ts";
import { knownDraft } from "../../models/guide/lib/tool-drafts.ts";
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
    const call = toolCall("bmi", { height: 183, weight: 79, unit: "on", place: "zoo", city: "New York" });
    expect(counting(call, 4)).toEqual(["1", "7", "on", "z", "New"]);
    expect(counting(call, 3).join(" ")).toBe('b " height , weight , unit ", place ", city " }}');
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
    expect([...all].some((text) => /^where does .*(really|simply) .*models$/.test(text))).toBe(true);
    expect([...all].some((text) => text === "where does the server its models")).toBe(true);
  });
});

describe("a tool of the corpus", () => {
  const random = seeded(10);
  const ring = {
    names: ["ring_bell"],
    descriptions: ["Rings a bell"],
    parameters: new Map([["tower_id", "~old church/town hall"]]),
    questions: ["ring {tower_id}", "ring tower {tower_id}", 'ring "{tower_id}"'],
  };
  const drafts = Array.from({ length: 500 }, () => knownDraft(ring, random));
  const asked = drafts.map((draft) => ({ draft, ...draft.ask(random) }));

  test("may be asked with a parameter's name before its value, which is no part of it, and never twice", () => {
    const named = asked.filter(({ question }) => /^ring tower id (?!id)/.test(question));
    expect(named.length).toBeGreaterThan(20);
    for (const { question, given } of named) {
      const [value] = Object.values(given);
      expect(question).toEndWith(` ${String(value)}`);
      expect(value).not.toStartWith("tower");
    }
    expect(asked.filter(({ question }) => question.includes("tower tower"))).toEqual([]);
    expect(asked.filter(({ question }) => question.includes('"tower'))).toEqual([]);
  });

  test("may have parameters that no question gives a value for", () => {
    const more = asked.filter(({ draft }) => Object.keys(draft.tool.properties).length > 1);
    expect(more.length).toBeGreaterThan(50);
    for (const { given } of asked) expect(Object.keys(given)).toHaveLength(1);
  });
});
