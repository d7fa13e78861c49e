import { expect, test } from "bun:test";
import { RangeSet } from "../../src/hub/range-set.ts";
import { seeded } from "../support/random.ts";

test("ranges that touch become one", () => {
  const set = new RangeSet([
    [10, 20],
    [30, 40],
  ]);
  set.add(20, 30);
  set.add(5, 5);
  expect(set.toJSON()).toEqual([[10, 40]]);
  expect([set.bytes, set.end]).toEqual([30, 40]);
});

test("what is missing comes in pieces, in order", () => {
  const set = new RangeSet([
    [10, 20],
    [25, 30],
  ]);
  expect([...set.missing(40, 8)]).toEqual([
    [0, 8],
    [8, 10],
    [20, 25],
    [30, 38],
    [38, 40],
  ]);
  expect([...new RangeSet([[0, 40]]).missing(40, 8)]).toEqual([]);
  expect([...new RangeSet().missing(0, 8)]).toEqual([]);
});

test("after any additions, what is there and what is missing are the whole", () => {
  const random = seeded(7);
  for (let round = 0; round < 200; round++) {
    const set = new RangeSet();
    const bytes = new Uint8Array(100);
    for (let i = 0; i < 8; i++) {
      const from = Math.floor(random() * 100);
      const to = Math.min(100, from + Math.floor(random() * 30));
      set.add(from, to);
      bytes.fill(1, from, to);
    }
    expect(set.bytes).toBe(bytes.reduce((sum, bit) => sum + bit, 0));
    for (const [from, to] of set.missing(100, 7))
      bytes.fill(bytes.subarray(from, to).includes(1) ? 9 : 1, from, to);
    expect(bytes.every((byte) => byte === 1)).toBe(true);
  }
});
