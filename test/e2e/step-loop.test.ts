import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateRequest, RealModel } from "../support/real-model.ts";

let model: RealModel;
beforeAll(async () => {
  // In F32 a token's logits are the same in any company, so outputs can be compared to the letter.
  model = await RealModel.load({ quantisation: "F32", contextLength: 1024 });
});
afterAll(() => model[Symbol.asyncDispose]());

/** A prompt of at least `words` tokens. */
const long = (words: number) => ({
  kind: "chat" as const,
  messages: [{ role: "user" as const, content: "the sea and the stars ".repeat(words / 5) }],
});

/** What each request answers when it is alone on a fresh engine. */
async function alone(...ids: string[]): Promise<string[]> {
  const texts: string[] = [];
  for (const id of ids) texts.push((await model.bench().ask(generateRequest(id, { maxTokens: 24 }))).text);
  return texts;
}

describe("requests at the same time", () => {
  test("share every decode, one token each", async () => {
    const bench = model.bench();
    await Promise.all(["a", "b", "c", "d"].map((id) => bench.ask(generateRequest(id, { maxTokens: 12 }))));
    // One decode for all four prompts and the first tokens, then eleven for the rest.
    expect(bench.recorder.decodes).toHaveLength(12);
    for (const decode of bench.recorder.decodes.slice(1)) expect([...decode.values()]).toEqual([1, 1, 1, 1]);
    expect(bench.loop.activity).toMatchObject({ decodes: 12, completionTokens: 48 });
  });

  test("say what they say alone", async () => {
    const ids = ["a", "b", "c", "d"];
    const bench = model.bench();
    const together = await Promise.all(ids.map((id) => bench.ask(generateRequest(id, { maxTokens: 24 }))));
    expect(together.map(({ text }) => text)).toEqual(await alone(...ids));
  });

  test("say what they say alone when neighbours come, go and are cancelled", async () => {
    const bench = model.bench();
    const steady = bench.ask(generateRequest("steady", { maxTokens: 24 }));
    bench.onStep = () => {
      const step = bench.steps.length;
      if (step === 3) void bench.ask(generateRequest("long", { prompt: long(400), maxTokens: 2 }));
      if (step === 5) void bench.ask(generateRequest("cancelled", { maxTokens: 100 }));
      if (step === 9) bench.loop.cancel("cancelled");
      if (step === 11) void bench.ask(generateRequest("short", { maxTokens: 3 }));
    };
    expect([(await steady).text]).toEqual(await alone("steady"));
  });

  test("more than there are slots wait their turn, and say what they say alone", async () => {
    const ids = ["a", "b", "c", "d", "e", "f"];
    const bench = model.bench({ slots: 2 });
    const together = await Promise.all(ids.map((id) => bench.ask(generateRequest(id, { maxTokens: 24 }))));
    expect(together.map(({ text }) => text)).toEqual(await alone(...ids));
    for (const decode of bench.recorder.decodes) expect(decode.size).toBeLessThanOrEqual(2);
  });
});

describe("a long prompt", () => {
  test("does not stop the tokens of others: every step brings one to each", async () => {
    const bench = model.bench({ pauseMs: 8 });
    const answers = ["a", "b"].map((id) => bench.ask(generateRequest(id, { maxTokens: 60 })));
    bench.onStep = (outputs) => {
      if (bench.steps.length === 4)
        void bench.ask(generateRequest("long", { prompt: long(700), maxTokens: 1 }));
      if (bench.outcome("long").end || bench.steps.length <= 4 || bench.outcome("a").end) return;
      expect(outputs.map(({ id }) => id).toSorted()).toEqual(["a", "b"]);
    };
    await Promise.all([...answers, bench.settled("long")]);
    const prompt = bench.recorder.decodes.filter((decode) =>
      [...decode.values()].some((tokens) => tokens > 1),
    );
    expect(prompt.length).toBeGreaterThan(2);
  });

  test("alone is evaluated in chunks too, so that a newcomer waits for one chunk only", async () => {
    const bench = model.bench({ pauseMs: 8 });
    const first = bench.ask(generateRequest("long", { prompt: long(700), maxTokens: 1 }));
    bench.onStep = () => {
      if (bench.steps.length === 1) void bench.ask(generateRequest("new", { maxTokens: 1 }));
    };
    await Promise.all([first, bench.settled("new")]);
    expect(bench.recorder.decodes[1]!.size).toBe(2);
    expect(bench.outcome("new").end!.prefillMs).toBeLessThan(bench.outcome("long").end!.prefillMs);
  });
});

describe("a cancelled request", () => {
  test("gives its slot to the next one within a step, in the middle of its prompt", async () => {
    const bench = model.bench({ slots: 1, pauseMs: 8 });
    void bench.ask(generateRequest("long", { prompt: long(700), maxTokens: 1 }));
    const next = bench.ask(generateRequest("next", { maxTokens: 3 }));
    bench.onStep = () => bench.loop.cancel("long");
    expect((await next).tokens).toBe(3);
    expect(bench.recorder.decodes.length).toBeLessThanOrEqual(5);
    expect(bench.outcome("long").tokens).toBe(0);
  });

  test("gives its slot to the next one within a step, in the middle of its answer", async () => {
    const bench = model.bench({ slots: 1 });
    void bench.ask(generateRequest("chatty", { maxTokens: 500 }));
    const next = bench.ask(generateRequest("next", { maxTokens: 3 }));
    bench.onStep = () => {
      if (bench.steps.length === 5) bench.loop.cancel("chatty");
    };
    expect((await next).tokens).toBe(3);
    expect(bench.recorder.decodes).toHaveLength(8);
  });
});

test("a sampler that breaks ends its own request, and the neighbours say what they say alone", async () => {
  const bench = model.bench();
  const runs = ["a", "bad", "c"].map((id) => bench.ask(generateRequest(id, { maxTokens: 24 })));
  let samples = 0;
  bench.recorder.onSample = () => {
    // Three a step, in order: the second request's fourth.
    if (++samples === 11) throw new Error("the sampler broke");
  };
  const [first, bad, third] = await Promise.all(runs);
  expect(bad!.error).toMatchObject({ status: 500, code: "engine_error" });
  expect(bad!.tokens).toBe(3);
  expect([first!.text, third!.text]).toEqual(await alone("a", "c"));
  // Its slot is clean: the same request there says what it says on a fresh engine.
  const prompt = generateRequest("bad").prompt;
  const again = await Promise.all(
    ["again", "x", "y", "z"].map((id) => bench.ask(generateRequest(id, { prompt, maxTokens: 24 }))),
  );
  const [expected] = await alone("bad");
  for (const { text } of again) expect(text).toBe(expected!);
});

describe("the cache", () => {
  test("spares the common beginning of two prompts, counts it, and changes nothing", async () => {
    const bench = model.bench();
    const first = await bench.ask(generateRequest("first", { prompt: long(200) }));
    expect(first.end!.cachedTokens).toBe(0);
    const again = await bench.ask(generateRequest("again", { prompt: long(200) }));
    expect(again.end!.cachedTokens).toBeGreaterThan(100);
    expect(again.text).toBe(first.text);
    expect([...bench.recorder.decodes[8]!.values()]).toEqual([1]);
    expect(bench.loop.activity.cachedTokens).toBe(again.end!.cachedTokens);
  });

  test("of another conversation stays, as long as a slot is free", async () => {
    const bench = model.bench({ slots: 2 });
    await bench.ask(generateRequest("one", { prompt: long(100) }));
    await bench.ask(
      generateRequest("two", { prompt: { kind: "text", text: "A small house near the water." } }),
    );
    const again = await bench.ask(generateRequest("one again", { prompt: long(100) }));
    expect(again.end!.cachedTokens).toBeGreaterThan(50);
  });
});

describe("the context", () => {
  test("that is full ends the answer with length", async () => {
    const bench = model.bench();
    const prompt = {
      kind: "tokens" as const,
      tokens: Array.from({ length: 1010 }, (_, index) => (index % 90) + 33),
    };
    const outcome = await bench.ask(generateRequest("r", { prompt, maxTokens: null }));
    expect(outcome.end).toMatchObject({ finishReason: "length", completionTokens: 14 });
    const last = await bench.ask(
      generateRequest("s", { prompt: { kind: "tokens", tokens: Array(1023).fill(65) }, maxTokens: null }),
    );
    expect(last.end).toMatchObject({ finishReason: "length", completionTokens: 1 });
  });

  test("that a prompt does not fit into refuses it before it is queued, with both numbers", () => {
    const bench = model.bench();
    const prompt = { kind: "tokens" as const, tokens: Array<number>(1024).fill(65) };
    expect(() => bench.ask(generateRequest("r", { prompt }))).toThrow(
      expect.objectContaining({
        status: 400,
        code: "context_length_exceeded",
        param: "messages",
        message: expect.stringMatching(/1024 tokens.*length is 1024 tokens/),
      }),
    );
    expect(bench.loop.activity.queued).toBe(0);
  });

  test("may be cut short by a limit on prompt and answer together", async () => {
    const bench = model.bench();
    const prompt = { kind: "tokens" as const, tokens: [65, 66, 67] };
    const outcome = await bench.ask(generateRequest("r", { prompt, maxTokens: null, maxTotalTokens: 10 }));
    expect(outcome.end).toMatchObject({ finishReason: "length", completionTokens: 7 });
    expect(() => bench.ask(generateRequest("s", { prompt, maxTotalTokens: 3 }))).toThrow(/3 tokens/);
  });
});

describe("sampling", () => {
  const sampled = async (sampling: object, id = "r") =>
    (await model.bench().ask(generateRequest(id, { prompt: long(20), maxTokens: 24, sampling }))).text;

  test("repeats itself with the same seed, and differs with another", async () => {
    const hot = { temperature: 1, seed: 7 };
    const first = await sampled(hot);
    expect(await sampled(hot)).toBe(first);
    expect(await sampled({ temperature: 1, seed: 8 })).not.toBe(first);
  });

  test("at temperature 0 does not depend on the seed", async () => {
    expect(await sampled({ seed: 1 })).toBe(await sampled({ seed: 2 }));
  });

  test("of only the best token is greedy, whatever the temperature", async () => {
    const greedy = await sampled({});
    expect(await sampled({ temperature: 2, topK: 1, seed: 3 })).toBe(greedy);
    expect(await sampled({ temperature: 2, topP: 0, seed: 3 })).toBe(greedy);
    expect(await sampled({ temperature: 2, minP: 1, seed: 3 })).toBe(greedy);
  });

  test("is bound by a bias: a token of +100 is all that comes, and one of -100 never does", async () => {
    expect(await sampled({ logitBias: [[65, 100]] })).toBe("A".repeat(24));
    const twoBest = {
      logitBias: [
        [65, 100],
        [66, 90],
      ],
    };
    expect(await sampled(twoBest)).toStartWith("A");
    expect(
      await sampled({
        logitBias: [
          [65, -100],
          [66, 90],
        ],
      }),
    ).toBe("B".repeat(24));
  });

  test("with penalties looks back on the prompt and on the answer", async () => {
    const logitBias = [
      [65, 60],
      [66, 50],
      [67, 40],
    ];
    const prompt = { kind: "tokens" as const, tokens: [65, 1, 2, 3] };
    const answer = async (sampling: object) => {
      const request = generateRequest("r", { prompt, maxTokens: 3, sampling: { logitBias, ...sampling } });
      return (await model.bench().ask(request)).text;
    };
    expect(await answer({})).toBe("AAA");
    // A stands in the prompt, B and C in the answer, each 25 below what it was once it was seen.
    expect(await answer({ presencePenalty: 25 })).toBe("BCA");
    expect(await answer({ repeatPenalty: 2 })).toBe("BCA");
  });
});

describe("the end of an answer", () => {
  test("is the model's own token: stop, counted, and not shown", async () => {
    const { endTokens } = model.loaded.vocabulary;
    expect(endTokens.length).toBeGreaterThan(0);
    const bias = { logitBias: [[endTokens[0]!, 100]] };
    const outcome = await model.bench().ask(generateRequest("r", { sampling: bias }));
    expect(outcome).toMatchObject({
      text: "",
      tokens: 1,
      end: { finishReason: "stop", completionTokens: 1 },
    });
  });

  test("never comes when it is to be ignored", async () => {
    const bias = { logitBias: model.loaded.vocabulary.endTokens.map((token) => [token, 100]) };
    const outcome = await model.bench().ask(generateRequest("r", { sampling: bias, ignoreEos: true }));
    expect(outcome.end).toMatchObject({ finishReason: "length", completionTokens: 8 });
  });

  test("is a stop string, across tokens, and nothing of it is shown", async () => {
    const bias = { logitBias: [[65, 100]] };
    const outcome = await model
      .bench()
      .ask(generateRequest("r", { maxTokens: 20, stop: ["AAA"], sampling: bias }));
    expect(outcome).toMatchObject({ text: "", end: { finishReason: "stop", completionTokens: 3 } });
  });
});
