import { describe, expect, test } from "bun:test";
import { Drafter } from "../../src/engine/worker/drafter.ts";
import { DraftLength } from "../../src/engine/worker/draft-length.ts";
import { Slot } from "../../src/engine/worker/slots.ts";
import { FakeContext } from "../support/fake-context.ts";
import { LoopBench } from "../support/loop-bench.ts";

describe("the length of guesses", () => {
  test("doubles while all are right, up to sixteen", () => {
    const length = new DraftLength();
    const seen: number[] = [];
    for (let step = 0; step < 4; step++) {
      seen.push(length.next());
      length.learn(length.next(), length.next());
    }
    expect(seen).toEqual([4, 8, 16, 16]);
  });

  test("follows what was right, and rests where nothing is", () => {
    const length = new DraftLength();
    length.learn(4, 2);
    expect(length.next()).toBe(3);
    for (let step = 0; step < 2; step++) length.learn(length.next(), 0);
    const seen = Array.from({ length: 32 }, () => length.next());
    expect(seen.slice(0, 31)).toEqual(Array.from({ length: 31 }, () => 0));
    expect(seen[31]).toBe(1);
    length.learn(1, 1);
    expect(length.next()).toBe(2);
  });

  test("learns nothing where nothing was guessed", () => {
    const length = new DraftLength();
    length.learn(0, 0);
    expect(length.next()).toBe(4);
  });
});

/** A loop whose answers count the positions, and a drafter that says `guess` of each position. */
function drafting(guess: (next: number) => number = (next) => next, slotCount = 2) {
  const context = new FakeContext();
  const small = new FakeContext();
  const sample = small.sample.bind(small);
  small.sample = async (logits: number) => guess(await sample(logits));
  const slots = Array.from({ length: slotCount }, (_, sequence) => new Slot(sequence, 256, small));
  const errors: unknown[] = [];
  const drafter = new Drafter({
    context: small,
    slots,
    tokens: { isEnd: () => false },
    threads: () => 1,
    onError: (error) => errors.push(error),
  });
  const bench = new LoopBench(context, { slotCount, drafter });
  return { bench, context, small, errors };
}

/** What the answer to a prompt of `length` tokens counts up to. */
const counted = (length: number, tokens: number) =>
  Array.from({ length: tokens }, (_, index) => `<${length + index}>`).join("");

describe("guessing ahead", () => {
  test("checks several tokens in one decode, and says the same", async () => {
    const { bench, context } = drafting();
    const { text, tokens } = await bench.run("a", [1, 2, 3], { limit: 30 });
    expect(text).toBe(counted(3, 30));
    expect(tokens).toBe(30);
    // The prompt, then 1 + 4, 1 + 8 and what is left of the limit.
    expect(context.shapes).toEqual(["0:3", "0:5", "0:9", "0:15"]);
  });

  test("that is always wrong costs little and changes nothing", async () => {
    const { bench, context } = drafting(() => 7);
    const { text } = await bench.run("a", [1, 2, 3], { limit: 40 });
    expect(text).toBe(counted(3, 40));
    expect(context.shapes.filter((shape) => shape !== "0:1").length).toBeLessThanOrEqual(6);
  });

  test("that is right at first keeps what was right and cuts the rest", async () => {
    const { bench, context } = drafting((next) => (next % 3 === 0 ? 99 : next));
    const { text } = await bench.run("a", [1, 2, 3], { limit: 20 });
    expect(text).toBe(counted(3, 20));
    expect(context.batches.length).toBeLessThan(20);
    // What is kept for the next request is what was said.
    const next = await bench.run("b", [1, 2, 3, 3, 4, 5, 6, 7, 8, 9], { limit: 1 });
    expect(next.end?.cachedTokens).toBe(9);
  });

  test("serves several answers in the same decodes", async () => {
    const { bench, small } = drafting();
    const outcomes = await Promise.all([
      bench.run("a", [1, 2, 3], { limit: 12 }),
      bench.run("b", [1, 2, 3, 4, 5], { limit: 12 }),
    ]);
    expect(outcomes.map(({ text }) => text)).toEqual([counted(3, 12), counted(5, 12)]);
    expect(small.batches.some((batch) => batch.length === 2)).toBe(true);
  });

  test("never goes beyond the context or the limit", async () => {
    const { bench } = drafting();
    const { text, end } = await bench.run(
      "a",
      Array.from({ length: 250 }, (_, at) => at),
      { limit: 6 },
    );
    expect(text).toBe(counted(250, 6));
    expect(end).toMatchObject({ finishReason: "length", completionTokens: 6 });
  });

  test("ends with the stop string, wherever in the guesses it is", async () => {
    const { bench } = drafting();
    const { text, end } = await bench.run("a", [1, 2, 3], { limit: 30, stop: ["<6>"] });
    expect(text).toBe("<3><4><5>");
    expect(end).toMatchObject({ finishReason: "stop", completionTokens: 4 });
  });

  test("that fails leaves the answer as it is, and is told", async () => {
    const { bench, small, errors } = drafting();
    small.faults.decode = () => {
      throw new Error("no memory");
    };
    const { text, error } = await bench.run("a", [1, 2, 3], { limit: 10 });
    expect([text, error]).toEqual([counted(3, 10), null]);
    expect(errors.length).toBeGreaterThan(0);
  });

  test("lets go of a request that is cancelled meanwhile", async () => {
    const { bench, context } = drafting();
    bench.onStep = () => bench.loop.cancel("a");
    void bench.run("a", [1, 2, 3], { limit: 200 });
    const { text } = await bench.run("b", [1, 2], { limit: 20 });
    expect(text).toBe(counted(2, 20));
    expect(context.liveSamplers).toBe(0);
  });

  test("reads a long conversation in pieces before it guesses", async () => {
    const { bench, small } = drafting();
    const prompt = Array.from({ length: 150 }, (_, at) => at);
    const { text } = await bench.run("a", prompt, { limit: 20 });
    expect(text).toBe(counted(150, 20));
    // The batch of the small model holds 64 tokens.
    expect(small.shapes.slice(0, 3)).toEqual(["0:63", "0:63", "0:27"]);
  });
});
