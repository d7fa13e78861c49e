import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateRequest, RealModel } from "../support/real-model.ts";
import { WINDOW, writeRecurrentModel, writeWindowedModel } from "../support/other-models.ts";

/** `count` tokens that look like text; the same `from` gives the same beginning. */
const prompt = (count: number, from = 0) => ({
  kind: "tokens" as const,
  tokens: Array.from(
    { length: count },
    (_, index) => 32 + ((index * 7 + from * 13 + ((index * index) % 5)) % 90),
  ),
});

describe.each([
  ["sliding windows", writeWindowedModel],
  ["a recurrent state", writeRecurrentModel],
])("a model with %s", (_, write) => {
  let model: RealModel;
  beforeAll(async () => {
    model = await RealModel.from(write, { parallel: 2 });
  });
  afterAll(() => model[Symbol.asyncDispose]());

  /** What a request answers on fresh slots. */
  const fresh = async (request: Parameters<typeof generateRequest>[1]) =>
    (await model.bench().ask(generateRequest("fresh", request))).text;

  test("answers neighbours as it answers them alone", async () => {
    const bench = model.bench();
    const asked = [prompt(300), prompt(200, 1), prompt(250, 2)];
    const together = await Promise.all(
      asked.map((each, n) => bench.ask(generateRequest(`r${n}`, { prompt: each }))),
    );
    for (const [n, each] of asked.entries()) expect(together[n]!.text).toBe(await fresh({ prompt: each }));
  });

  test("answers the same prompt again from its cache, with the same words", async () => {
    const bench = model.bench();
    const asked = { prompt: prompt(700), maxTokens: 16 };
    const first = await bench.ask(generateRequest("first", asked));
    const again = await bench.ask(generateRequest("again", asked));
    expect(again.end!.cachedTokens).toBe(699);
    expect(again.text).toBe(first.text);
  });

  test("goes on with a conversation that carries its own answer", async () => {
    const bench = model.bench();
    const first = await bench.ask(generateRequest("first", { prompt: prompt(300), maxTokens: 100 }));
    const answer = model.loaded.vocabulary.tokenize(first.text.slice(0, 20));
    const next = {
      kind: "tokens" as const,
      tokens: [...prompt(300).tokens, ...answer, ...prompt(50, 3).tokens],
    };
    const outcome = await bench.ask(generateRequest("next", { prompt: next }));
    expect(outcome.end!.cachedTokens).toBeGreaterThanOrEqual(299);
    expect(outcome.text).toBe(await fresh({ prompt: next }));
  });

  test("says what it says on a fresh slot after any cut, however much had to be evaluated again", async () => {
    const bench = model.bench({ slots: 1 });
    await bench.ask(generateRequest("first", { prompt: prompt(1800), maxTokens: 40 }));
    for (const kept of [1799, 1700, 1000, 600, WINDOW, 0]) {
      const cut = { kind: "tokens" as const, tokens: [...prompt(kept).tokens, ...prompt(30, 5).tokens] };
      const outcome = await bench.ask(generateRequest(`cut${kept}`, { prompt: cut, maxTokens: 12 }));
      expect(outcome.end!.cachedTokens).toBeLessThanOrEqual(kept + 1);
      // The last checkpoint is never further back than a chunk and an interval.
      expect(outcome.end!.cachedTokens).toBeGreaterThanOrEqual(kept - 1024);
      expect(outcome.text).toBe(await fresh({ prompt: cut, maxTokens: 12 }));
      await bench.ask(generateRequest(`whole${kept}`, { prompt: prompt(1800), maxTokens: 40 }));
    }
  });
});
