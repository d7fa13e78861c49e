import { expect, test } from "bun:test";
import { readCorpus } from "../../models/guide/lib/corpus.ts";
import { canonical, plain } from "../../models/guide/lib/grammar.ts";
import { BUILT_IN_MODEL, suggestionsFor } from "../../public/lib/suggestions.ts";
import * as server from "../../src/services/built-in-model.ts";

test("what is suggested for the built-in model is what it was taught, word for word", async () => {
  const { entries, slots } = await readCorpus();
  const taught = entries.flatMap(({ questions }) =>
    questions.map((phrasing) => plain(canonical(phrasing, slots))),
  );
  expect(BUILT_IN_MODEL).toBe(server.BUILT_IN_MODEL);
  for (const { text } of suggestionsFor(server.BUILT_IN_MODEL)) expect(taught).toContain(plain(text));
});

test("any other model is asked about the world, and no title is repeated by its question", () => {
  for (const { title, text } of suggestionsFor("user/repo:Q4_K_M")) {
    expect(text).not.toContain("Berth");
    expect(text).not.toStartWith(title);
  }
});
