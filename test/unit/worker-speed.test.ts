import { describe, expect, test } from "bun:test";
import { shareOut } from "../../src/engine/worker/share.ts";
import { Speed } from "../../src/engine/worker/speed.ts";

/**
 * A model of `promptMs` a prompt token, `fixedMs` a step with any, and `decodeMs` a step of answers, evaluated until
 * its prompt is through.
 */
function chunks(
  speed: Speed,
  {
    promptMs,
    decodeMs,
    fixedMs = 0,
    answers = 0,
    prompt = 2000,
    room = 512,
  }: {
    promptMs: number;
    decodeMs: number;
    fixedMs?: number;
    answers?: number;
    prompt?: number;
    room?: number;
  },
): number[] {
  const sizes: number[] = [];
  let now = 0;
  const step = (load: { answers: number; promptTokens: number }) => {
    const alone = Math.max(load.promptTokens > 0 ? fixedMs : 0, load.answers > 0 ? decodeMs : 0);
    const ms = load.promptTokens * promptMs + alone;
    now += ms;
    speed.record(load, ms, now);
  };
  if (answers > 0) for (let n = 0; n < 3; n++) step({ answers, promptTokens: 0 });
  for (let left = prompt; left > 0;) {
    const size = Math.min(left, speed.chunk(answers, room));
    sizes.push(size);
    left -= size;
    step({ answers, promptTokens: size });
  }
  return sizes;
}

describe("prompt chunks", () => {
  test("settle where a step takes a little less than the pause", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 60, coldMs: 30_000 });
    const sizes = chunks(speed, { promptMs: 10, decodeMs: 0 });
    expect(sizes[0]).toBe(7);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(42);
    expect(sizes.at(-2)).toBeGreaterThanOrEqual(40);
  });

  test("leave room for the answers beside them", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 60, coldMs: 30_000 });
    const sizes = chunks(speed, { promptMs: 10, decodeMs: 200, answers: 4 });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(22);
  });

  test("grow step by step from a careful beginning, up to the batch", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 60, coldMs: 30_000 });
    expect(chunks(speed, { promptMs: 0.1, decodeMs: 0, prompt: 1200 })).toEqual([7, 28, 112, 448, 512, 93]);
  });

  test("go on, if slowly, where answers alone take longer than the pause", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 60, coldMs: 30_000 });
    const sizes = chunks(speed, { promptMs: 50, decodeMs: 900, answers: 2, prompt: 20 });
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(2);
  });

  test.each([
    ["reading all weights takes longer than the pause", { promptMs: 20, decodeMs: 900, fixedMs: 900 }],
    ["threads have to wait for others", { promptMs: 4, decodeMs: 15, fixedMs: 700 }],
  ])("do not shrink in vain where %s", (_, model) => {
    for (const answers of [0, 1]) {
      const speed = new Speed({ pauseMs: 500, guessMs: 20, coldMs: 30_000 });
      const sizes = chunks(speed, { ...model, answers });
      // At least a quarter of the time is for the tokens, and at most two thirds.
      const worth = model.fixedMs / 3 / model.promptMs;
      expect(sizes.toSorted((a, b) => a - b)[sizes.length >> 1]).toBeGreaterThan(worth);
      expect(Math.max(...sizes.slice(3)) * model.promptMs).toBeLessThan(2 * model.fixedMs);
    }
  });

  test("keep to the pause where they can, whatever a step takes beside them", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 60, coldMs: 30_000 });
    const sizes = chunks(speed, { promptMs: 5, decodeMs: 15, fixedMs: 200, answers: 2 });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(60);
    expect(sizes.at(-2)).toBeGreaterThanOrEqual(40);
  });

  test("grow again once a step no longer waits for others", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 20, coldMs: 30_000 });
    chunks(speed, { promptMs: 4, decodeMs: 15, fixedMs: 700, answers: 1 });
    const sizes = chunks(speed, { promptMs: 4, decodeMs: 15, answers: 1, prompt: 3000 });
    expect(sizes.at(-2)).toBeGreaterThanOrEqual(95);
    expect(sizes.at(-2)).toBeLessThanOrEqual(107);
  });

  test("are one token at least, and never more than there is room for", () => {
    const speed = new Speed({ pauseMs: 10, guessMs: 1000, coldMs: 30_000 });
    expect(speed.chunk(0, 512)).toBe(1);
    expect(new Speed({ pauseMs: 500, guessMs: 0.01, coldMs: 1 }).chunk(0, 60)).toBe(60);
  });

  test("do not shrink for a first step that waited for the disk", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 10, coldMs: 30_000 });
    speed.record({ answers: 0, promptTokens: 40 }, 20_000, 20_000);
    expect(speed.chunk(0, 512)).toBe(42);
  });
});

describe("what a step should take", () => {
  test("is generous until something is measured", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 1, coldMs: 30_000 });
    expect(speed.expect({ answers: 1, promptTokens: 0 }, 0)).toBe(30_000);
  });

  test("follows the measured speed afterwards", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 100, coldMs: 30_000 });
    let now = 0;
    for (let n = 0; n < 3; n++) speed.record({ answers: 0, promptTokens: 10 }, 50, (now += 50));
    for (let n = 0; n < 3; n++) speed.record({ answers: 2, promptTokens: 0 }, 20, (now += 20));
    expect(speed.expect({ answers: 2, promptTokens: 0 }, now)).toBe(20);
    expect(speed.expect({ answers: 2, promptTokens: 10 }, now)).toBe(70);
    // Never measured with three: the nearest that was.
    expect(speed.expect({ answers: 3, promptTokens: 0 }, now)).toBe(20);
  });

  test("is generous again after a long rest, when the weights may have left memory", () => {
    const speed = new Speed({ pauseMs: 500, guessMs: 100, coldMs: 30_000 });
    speed.record({ answers: 1, promptTokens: 0 }, 20, 20);
    speed.record({ answers: 1, promptTokens: 0 }, 20, 40);
    expect(speed.expect({ answers: 1, promptTokens: 0 }, 1000)).toBe(20);
    expect(speed.expect({ answers: 1, promptTokens: 0 }, 200_000)).toBe(30_000);
  });
});

describe("the room in a step", () => {
  test.each([
    [[100, 100], 50, [25, 25]],
    [[10, 100], 50, [10, 40]],
    [[10, 20, 100], 60, [10, 20, 30]],
    [[5, 5], 50, [5, 5]],
    [[7], 3, [3]],
    [[], 10, []],
  ])("wanted as %j, %d tokens are shared as %j", (wants, budget, expected) => {
    expect(shareOut(wants, budget, 0)).toEqual(expected);
  });

  test("never goes over, and never leaves anything unused", () => {
    for (let budget = 0; budget < 40; budget++) {
      const shares = shareOut([3, 50, 1, 9], budget, budget);
      expect(shares.reduce((sum, share) => sum + share)).toBe(Math.min(budget, 63));
    }
  });

  test("goes round when there is less than one token for each", () => {
    const got = [0, 0, 0];
    for (let turn = 0; turn < 3; turn++)
      for (const [index, share] of shareOut([9, 9, 9], 1, turn).entries()) got[index]! += share;
    expect(got).toEqual([1, 1, 1]);
  });
});
