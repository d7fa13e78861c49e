import { describe, expect, test } from "bun:test";
import { Checkpoints } from "../../src/engine/worker/checkpoints.ts";
import { Slot } from "../../src/engine/worker/slots.ts";
import { Speed } from "../../src/engine/worker/speed.ts";
import { FakeContext } from "../support/fake-context.ts";
import { LoopBench, tokens } from "../support/loop-bench.ts";

describe("one step", () => {
  test("holds one token of every answer", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context);
    await Promise.all([0, 1, 2, 3].map((n) => bench.run(`r${n}`, tokens(3, n * 100), { limit: 5 })));
    expect(context.shapes).toEqual(["0:3 1:3 2:3 3:3", ...Array(4).fill("0:1 1:1 2:1 3:1")]);
    expect(bench.loop.activity).toEqual({
      busySlots: 0,
      queued: 0,
      promptTokens: 12,
      cachedTokens: 0,
      completionTokens: 20,
      decodes: 5,
    });
    expect(context.liveSamplers).toBe(0);
  });

  test("names its sequences in ascending order, whoever came first", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context);
    const burst = (name: string, starts: number[]) =>
      Promise.all(starts.map((start) => bench.run(`${name}${start}`, tokens(3, start * 100), { limit: 3 })));
    await burst("first", [0, 1, 2, 3]);
    const before = context.batches.length;
    // Each goes back to the slot that holds its prompt.
    await burst("again", [3, 1, 2, 0]);
    const orders = context.batches.slice(before).map((batch) => batch.map(({ sequence }) => sequence));
    expect(orders).toEqual(Array.from({ length: 3 }, () => [0, 1, 2, 3]));
  });

  test("holds a chunk of a newcomer's prompt beside the running answers", async () => {
    const context = new FakeContext(16);
    const bench = new LoopBench(context);
    const first = bench.run("first", tokens(4), { limit: 8 });
    bench.onStep = () => {
      if (bench.steps.length === 2) void bench.run("late", tokens(40, 5000), { limit: 1 });
    };
    await first;
    expect(context.shapes.slice(2, 5)).toEqual(["0:1 1:15", "0:1 1:15", "0:1 1:10"]);
  });

  test("never holds more prompt than the pause setting allows", async () => {
    const context = new FakeContext(512);
    // 100 ms of pause at 10 ms a token.
    const speed = new Speed({ pauseMs: 100, guessMs: 10, coldMs: 1 });
    const bench = new LoopBench(context, { speed });
    context.pace = () => Bun.sleep(2);
    const first = bench.run("long", tokens(30), { limit: 1 });
    await first;
    expect(context.batches[0]![0]!.tokens.length).toBe(8);
  });

  test("shares the room between prompts, so a short one is not behind a long one", async () => {
    const context = new FakeContext(20);
    const bench = new LoopBench(context);
    const long = bench.run("long", tokens(60), { limit: 1 });
    const short = bench.run("short", tokens(8, 5000), { limit: 1 });
    await Promise.all([long, short]);
    expect(context.shapes.slice(0, 2)).toEqual(["0:12 1:8", "0:20"]);
  });

  test("uses the decode threads for a few tokens and all threads for prompts", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context, { promptThreads: 8, decodeThreads: 2 });
    await bench.run("r", tokens(20), { limit: 3 });
    expect(context.threads).toEqual([8, 2, 2]);
  });
});

describe("slots", () => {
  test("keep their cache, and the next prompt only pays for what is new", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context);
    await bench.run("first", tokens(10));
    const again = await bench.run("again", [...tokens(8), 1, 2, 3]);
    expect(again.end?.cachedTokens).toBe(8);
    expect(context.shapes[4]).toBe("0:3");
    const same = await bench.run("same", [...tokens(8), 1, 2, 3]);
    expect(same.end?.cachedTokens).toBe(10);
  });

  test("go to those who wait longest, first come first served", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context, { slotCount: 1 });
    const order: string[] = [];
    await Promise.all(
      ["a", "b", "c"].map((id, n) => bench.run(id, tokens(3, n * 100)).then(() => order.push(id))),
    );
    expect(order).toEqual(["a", "b", "c"]);
  });

  test("all taken and the queue full refuse the next request with its length", async () => {
    const bench = new LoopBench(new FakeContext(), { slotCount: 1, queueLimit: 2 });
    const running = ["a", "b", "c"].map((id) => bench.run(id, tokens(3)));
    expect(() => bench.run("d", tokens(3))).toThrow("its queue is full (2)");
    await Promise.all(running);
    await bench.run("e", tokens(3));
  });

  test("and a full queue refuse no answer that takes the place of one of the same request", async () => {
    const bench = new LoopBench(new FakeContext(), { slotCount: 1, queueLimit: 1 });
    const running = ["a", "b"].map((id) => bench.run(id, tokens(3)));
    const follows = bench.run("c", tokens(3), { follows: true });
    await Promise.all([...running, follows]);
    expect(bench.outcome("c").error).toBeNull();
  });
});

describe("a cancelled request", () => {
  test("leaves the queue at once", async () => {
    const bench = new LoopBench(new FakeContext(), { slotCount: 1 });
    const first = bench.run("first", tokens(3));
    void bench.run("queued", tokens(3, 200));
    expect(bench.loop.activity.queued).toBe(1);
    bench.loop.cancel("queued");
    expect(bench.loop.activity.queued).toBe(0);
    await first;
    expect(bench.outcome("queued").tokens).toBe(0);
  });

  test("frees its slot before the next step while its prompt is evaluated", async () => {
    const context = new FakeContext(8);
    const bench = new LoopBench(context, { slotCount: 1 });
    void bench.run("long", tokens(100));
    const next = bench.run("next", tokens(3, 500), { limit: 1 });
    bench.onStep = () => bench.loop.cancel("long");
    await next;
    expect(context.shapes).toEqual(["0:8", "0:3"]);
    expect(bench.outcome("long").error).toBeNull();
  });

  test("frees its slot before the next step while it is answered", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context, { slotCount: 1 });
    void bench.run("chatty", tokens(3), { limit: 100 });
    const next = bench.run("next", tokens(5, 500), { limit: 1 });
    bench.onStep = () => {
      if (bench.steps.length === 3) bench.loop.cancel("chatty");
    };
    await next;
    expect(context.shapes).toEqual(["0:3", "0:1", "0:1", "0:5"]);
  });

  test("says nothing more, even of the step it was cancelled in", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context);
    void bench.run("gone", tokens(3), { limit: 100 });
    const other = bench.run("other", tokens(3, 500), { limit: 6 });
    context.pace = async () => {
      if (context.batches.length === 3) bench.loop.cancel("gone");
    };
    expect((await other).tokens).toBe(6);
    expect(bench.outcome("gone").tokens).toBe(2);
    expect(context.shapes.slice(3)).toEqual(["1:1", "1:1", "1:1"]);
    expect(context.liveSamplers).toBe(0);
  });
});

describe("a fault of one request", () => {
  /** Two good neighbours and one that breaks in slot 1. */
  async function withNeighbours(context: FakeContext) {
    const bench = new LoopBench(context);
    const runs = ["left", "bad", "right"].map((id, n) => bench.run(id, tokens(3, n * 100), { limit: 5 }));
    const [left, bad, right] = await Promise.all(runs);
    expect(bench.fatal).toBeNull();
    expect([left!.text, right!.text]).toEqual(["<3><4><5><6><7>", "<3><4><5><6><7>"]);
    expect(context.liveSamplers).toBe(0);
    // Its slot is clean and serves again.
    context.faults = {};
    const again = await Promise.all(
      [5, 6, 7, 8].map((n) => bench.run(`again${n}`, tokens(3, n * 100), { limit: 2 })),
    );
    for (const { text } of again) expect(text).toBe("<3><4>");
    return bad!;
  }

  test("while it samples ends that request alone", async () => {
    const context = new FakeContext();
    context.faults.sample = (sequence) => {
      if (sequence === 1 && context.batches.length === 3) throw new Error("sampler broke");
    };
    const bad = await withNeighbours(context);
    expect(bad.text).toBe("<3><4>");
    expect(bad.error).toMatchObject({ status: 500, code: "engine_error", cause: new Error("sampler broke") });
    expect(context.cleared).toContain(1);
  });

  test("while its tokens are added ends that request alone", async () => {
    const context = new FakeContext();
    context.faults.add = ({ sequence }) => {
      if (sequence === 1 && context.batches.length === 2) throw new Error("no such token");
    };
    expect((await withNeighbours(context)).error?.code).toBe("engine_error");
  });

  test("that fails the whole decode is found out, and the others are evaluated without it", async () => {
    const context = new FakeContext();
    context.faults.decode = (batch) => {
      if (batch.some(({ sequence, position }) => sequence === 1 && position === 4))
        throw new Error("Eval has failed");
    };
    const bad = await withNeighbours(context);
    expect(bad.text).toBe("<3><4>");
    expect(context.shapes.slice(2, 7)).toEqual(["0:1 1:1 2:1", "0:1", "1:1", "2:1", "0:1 2:1"]);
  });

  test("while its sampler is built ends that request alone", async () => {
    const context = new FakeContext();
    let built = 0;
    context.faults.sampler = () => {
      if (++built === 2) throw new Error("bad sampler");
    };
    expect((await withNeighbours(context)).error?.code).toBe("engine_error");
  });

  test("that leaves its slot beyond repair costs that slot alone", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context, { slotCount: 2 });
    context.faults = {
      sample: (sequence) => {
        if (sequence === 0) throw new Error("sampler broke");
      },
      clear: (sequence) => {
        if (sequence === 0) throw new Error("can not be cleared");
      },
    };
    expect((await bench.run("bad", tokens(3))).error?.code).toBe("engine_error");
    expect((await bench.run("good", tokens(3))).text).toBe("<3><4><5><6>");
    expect(bench.slots.map(({ broken }) => broken)).toEqual([true, false]);
  });

  test("in the last usable slot is fatal once somebody waits for it", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context, { slotCount: 1 });
    const broken = () => {
      throw new Error("broken");
    };
    context.faults = { sample: broken, clear: broken };
    await bench.run("bad", tokens(3));
    void bench.run("next", tokens(3));
    while (bench.fatal === null) await Bun.sleep(1);
    expect(String(bench.fatal)).toContain("no slot");
  });
});

describe("an answer", () => {
  test("ends with length at its limit, and at the end of the context", async () => {
    const bench = new LoopBench(new FakeContext());
    const outcome = await bench.run("r", tokens(3), { limit: 2 });
    expect(outcome.end).toMatchObject({ finishReason: "length", completionTokens: 2 });
  });

  test("of no tokens ends without a decode", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context);
    const outcome = await bench.run("r", tokens(3), { limit: 0 });
    expect(outcome.end).toMatchObject({ finishReason: "length", completionTokens: 0 });
    expect(context.batches).toEqual([]);
    expect(bench.loop.activity.busySlots).toBe(0);
  });

  test("ends with stop at a token that ends it, which is counted and not shown", async () => {
    const bench = new LoopBench(new FakeContext(), {
      tokens: { bytes: (token) => Buffer.from(`<${token}>`), isEnd: (token) => token === 5 },
    });
    const outcome = await bench.run("r", tokens(3), { limit: 10 });
    expect(outcome).toMatchObject({ text: "<3><4>", end: { finishReason: "stop", completionTokens: 3 } });
  });

  test("ends with stop at a stop string that spans tokens", async () => {
    const bench = new LoopBench(new FakeContext());
    const outcome = await bench.run("r", tokens(3), { limit: 10, stop: ["4><5"] });
    expect(outcome).toMatchObject({ text: "<3><", end: { finishReason: "stop", completionTokens: 3 } });
  });
});

describe("a decode on trial", () => {
  test("is refused while requests run, and measured when there are none", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context);
    const run = bench.run("r", tokens(3));
    expect(await bench.loop.tryDecode(1)).toBeNull();
    await run;
    while (bench.idle === 0) await Bun.sleep(1);
    expect(await bench.loop.tryDecode(1)).toBeNumber();
    expect(bench.loop.activity.decodes).toBe(4);
  });

  test("keeps what the slots hold", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context, { slotCount: 1 });
    await bench.run("first", tokens(10));
    while (bench.idle === 0) await Bun.sleep(1);
    await bench.loop.tryDecode(1);
    expect((await bench.run("again", tokens(10))).end?.cachedTokens).toBe(9);
  });

  test("makes a request that comes meanwhile wait for this one decode only", async () => {
    const context = new FakeContext();
    const bench = new LoopBench(context);
    context.pace = () => Bun.sleep(5);
    const trial = bench.loop.tryDecode(1);
    const run = bench.run("r", tokens(3), { limit: 1 });
    expect(await trial).toBeNumber();
    await run;
    expect(context.shapes).toEqual(["0:1", "0:3"]);
  });
});

test("a model that can not be cut anywhere goes back to its last checkpoint", async () => {
  const context = new FakeContext(1024);
  const saved: number[] = [];
  let length = 0;
  const source = {
    checkpoint: async () => {
      length = slot.length;
      saved.push(length);
      return { size: 1, maxPos: length - 1, dispose: () => {} };
    },
    restore: async (sequence: number, { maxPos }: { maxPos: number }) => {
      FakeContext.prototype.removeFrom.call(context, sequence, maxPos + 1);
      return true;
    },
  };
  context.removeFrom = () => false;
  const slot = new Slot(0, 2048, context, 0, new Checkpoints(0, source, 10));
  const bench = new LoopBench(context, { slots: [slot] });
  await bench.run("first", tokens(1500));
  expect(saved).toEqual([1024, 1499]);
  expect((await bench.run("same", tokens(1500))).end?.cachedTokens).toBe(1499);
  expect((await bench.run("shorter", [...tokens(1200), 1, 2])).end?.cachedTokens).toBe(1024);
  expect((await bench.run("other", [...tokens(800), 1, 2])).end?.cachedTokens).toBe(0);
});

test("the running step tells its age and how long it should take", async () => {
  const context = new FakeContext();
  const speed = new Speed({ pauseMs: 1000, guessMs: 100, coldMs: 30_000 });
  const bench = new LoopBench(context, { speed });
  context.pace = () => Bun.sleep(3);
  expect(bench.loop.runningStep).toBeNull();
  const run = bench.run("r", tokens(3), { limit: 3 });
  await Bun.sleep(1);
  expect(bench.loop.runningStep?.expectedMs).toBe(30_000);
  await run;
  const next = bench.run("s", tokens(3, 500), { limit: 3 });
  await Bun.sleep(1);
  expect(bench.loop.runningStep?.expectedMs).toBeLessThan(30_000);
  await next;
});
