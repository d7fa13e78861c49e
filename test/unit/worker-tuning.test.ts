import { describe, expect, test } from "bun:test";
import { candidates, defaultDecodeThreads, Tuner } from "../../src/engine/worker/tuning.ts";

test.each([
  [1, [1]],
  [2, [2, 1]],
  [4, [4, 3, 2, 1]],
  [6, [6, 4, 3, 2, 1]],
  [16, [16, 12, 8, 6, 4, 3, 2, 1]],
])("with %d threads tries %j", (threads, expected) => {
  expect(candidates(threads)).toEqual(expected);
});

test("before anything is measured small models get one thread and large ones all", () => {
  expect(defaultDecodeThreads(8, 4_000_000)).toBe(1);
  expect(defaultDecodeThreads(8, 140_000_000)).toBe(2);
  expect(defaultDecodeThreads(8, 4_000_000_000)).toBe(8);
});

describe("the tuner", () => {
  /** Decode times by thread count, and which counts were tried. */
  function machine(times: Record<number, number>) {
    const tried: number[] = [];
    const tryDecode = async (threads: number) => {
      tried.push(threads);
      return times[threads]!;
    };
    return { tried, tryDecode };
  }

  test("finds the fastest count", async () => {
    const { tryDecode } = machine({ 4: 30, 3: 26, 2: 22, 1: 40 });
    expect(await new Tuner(4).run(tryDecode)).toBe(2);
  });

  test("takes fewer threads where more bring next to nothing", async () => {
    const { tryDecode } = machine({ 2: 25, 1: 25.5 });
    expect(await new Tuner(2).run(tryDecode)).toBe(1);
  });

  test("stops once fewer threads are far slower, so that a large model is not tried on one", async () => {
    const { tried, tryDecode } = machine({ 8: 100, 6: 130, 4: 190, 3: 250, 2: 380, 1: 700 });
    expect(await new Tuner(8).run(tryDecode)).toBe(8);
    expect(new Set(tried)).toEqual(new Set([8, 6, 4]));
  });

  test("goes by the mean, which a thread that wakes late spoils", async () => {
    let calls = 0;
    const tryDecode = async (threads: number) => (threads === 1 ? 9 : ++calls % 4 === 0 ? 30 : 8);
    expect(await new Tuner(2).run(tryDecode)).toBe(1);
  });

  test("gives way to requests at once, and goes on where it was", async () => {
    const { tried, tryDecode } = machine({ 4: 30, 3: 26, 2: 22, 1: 40 });
    const tuner = new Tuner(4);
    let left = 20;
    expect(await tuner.run(async (threads) => (left-- > 0 ? tryDecode(threads) : null))).toBeNull();
    const before = tried.length;
    expect(await tuner.run(tryDecode)).toBe(2);
    expect(tried.slice(before)).not.toContain(4);
  });
});
