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

  test("a machine that slows down meanwhile does not make the last counts look slow", async () => {
    const { tryDecode } = machine({ 2: 11, 1: 10 });
    let clock = 0;
    const drifting = async (threads: number) => (await tryDecode(threads)) * (1 + clock++ / 40);
    expect(await new Tuner(2).run(drifting)).toBe(1);
    const opposite = machine({ 2: 10, 1: 12 });
    clock = 0;
    const recovering = async (threads: number) => (await opposite.tryDecode(threads)) / (1 + clock++ / 40);
    expect(await new Tuner(2).run(recovering)).toBe(2);
  });

  test.each([0, 9, 18, 27, 36, 45, 54])("a pause of the machine at decode %d changes nothing", async (at) => {
    const { tryDecode } = machine({ 2: 10, 1: 8 });
    let decodes = 0;
    const disturbed = async (threads: number) => {
      const here = decodes++;
      return (await tryDecode(threads)) * (here >= at && here < at + 9 ? 6 : 1);
    };
    expect(await new Tuner(2).run(disturbed)).toBe(1);
  });

  test("measures a slow model fewer times", async () => {
    const { tried, tryDecode } = machine({ 2: 500, 1: 700 });
    expect(await new Tuner(2).run(tryDecode)).toBe(2);
    expect(tried.length).toBeLessThanOrEqual(12);
  });

  test("gives way to requests at once, and goes on where it was", async () => {
    const { tried, tryDecode } = machine({ 4: 30, 3: 26, 2: 22, 1: 30 });
    const whole = machine({ 4: 30, 3: 26, 2: 22, 1: 30 });
    await new Tuner(4).run(whole.tryDecode);
    const tuner = new Tuner(4);
    let left = 7;
    let pauses = 0;
    const impatient = async (threads: number) => (left-- > 0 ? tryDecode(threads) : null);
    let best: number | null = null;
    while (best === null && pauses < 100) {
      best = await tuner.run(impatient);
      if (best === null) pauses++;
      left = 7;
    }
    expect(best).toBe(2);
    expect(pauses).toBeGreaterThan(5);
    // Each pause costs the measurement it fell into and nothing that was measured before.
    expect(tried.length).toBeLessThanOrEqual(whole.tried.length + pauses * 6);
  });
});
