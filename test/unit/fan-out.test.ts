import { describe, expect, test } from "bun:test";
import { merge } from "../../src/services/fan-out.ts";

describe("merge", () => {
  test("yields the items of all sources, each source's in order", async () => {
    const items = await Array.fromAsync(merge([count("a", 3), count("b", 2), count("c", 0)], 8));
    expect(items.toSorted()).toEqual(["a0", "a1", "a2", "b0", "b1"]);
    expect(items.filter((item) => item.startsWith("a"))).toEqual(["a0", "a1", "a2"]);
  });

  test("does not let a slow source hold up the others", async () => {
    const gate = Promise.withResolvers<void>();
    async function* slow() {
      await gate.promise;
      yield "slow";
    }
    const seen: string[] = [];
    for await (const item of merge([slow(), count("b", 3)], 2)) {
      seen.push(item);
      if (item === "b2") gate.resolve();
    }
    expect(seen).toEqual(["b0", "b1", "b2", "slow"]);
  });

  test("runs no more sources at a time than it may", async () => {
    let running = 0;
    let most = 0;
    async function* source() {
      most = Math.max(most, ++running);
      await Bun.sleep(1);
      yield 1;
      running--;
    }
    const items = await Array.fromAsync(merge(Array.from({ length: 7 }, source), 3));
    expect(items).toHaveLength(7);
    expect(most).toBe(3);
  });

  test("ends all sources when one fails, and fails with it", async () => {
    let ended = false;
    async function* endless() {
      try {
        for (;;) yield 1;
      } finally {
        ended = true;
      }
    }
    async function* broken() {
      yield 1;
      throw new Error("broken");
    }
    await expect(Array.fromAsync(merge<number>([endless(), broken()], 2))).rejects.toThrow("broken");
    await Bun.sleep(1);
    expect(ended).toBe(true);
  });

  test("ends all sources when the reader leaves", async () => {
    const ended: number[] = [];
    async function* endless(id: number) {
      try {
        for (;;) yield id;
      } finally {
        ended.push(id);
      }
    }
    for await (const _ of merge([endless(1), endless(2)], 2)) break;
    await Bun.sleep(1);
    expect(new Set(ended)).toEqual(new Set([1, 2]));
  });

  test("has at most one item of each source in hand", async () => {
    let made = 0;
    async function* eager() {
      for (let index = 0; index < 100; index++) yield ++made;
    }
    const merged = merge([eager(), eager()], 2);
    await merged.next();
    await Bun.sleep(1);
    expect(made).toBeLessThanOrEqual(3);
    await merged.return(undefined);
  });
});

async function* count(name: string, length: number) {
  for (let index = 0; index < length; index++) yield `${name}${index}`;
}
