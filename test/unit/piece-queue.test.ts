import { expect, test } from "bun:test";
import type { GenerationEnd } from "../../src/engine/engine.ts";
import { PieceQueue } from "../../src/engine/piece-queue.ts";

const piece = (text: string) => ({ text, tokens: 1 });
const end: GenerationEnd = {
  finishReason: "stop",
  cachedTokens: 0,
  completionTokens: 2,
  timings: { queueMs: 0, prefillMs: 0, decodeMs: 0 },
};

function queue() {
  let left = 0;
  const pieces = new PieceQueue(() => left++);
  return { pieces, left: () => left };
}

test("what was pushed is read in order, then the end once, then nothing", async () => {
  const { pieces, left } = queue();
  pieces.push(piece("a"));
  pieces.push(piece("b"));
  pieces.end(end);
  expect(await pieces.next()).toEqual({ done: false, value: piece("a") });
  expect(await pieces.next()).toEqual({ done: false, value: piece("b") });
  expect(await pieces.next()).toEqual({ done: true, value: end });
  expect((await pieces.next()).value).toBeUndefined();
  expect(left()).toBe(0);
});

test("readers that wait are served in the order they came", async () => {
  const { pieces } = queue();
  const reads = [pieces.next(), pieces.next(), pieces.next(), pieces.next()];
  pieces.push(piece("a"));
  pieces.push(piece("b"));
  pieces.end(end);
  expect(await Promise.all(reads)).toEqual([
    { done: false, value: piece("a") },
    { done: false, value: piece("b") },
    { done: true, value: end },
    { done: true, value: undefined as never },
  ]);
});

test("a failure comes after what was decoded, an abort before it", async () => {
  const failed = queue().pieces;
  failed.push(piece("a"));
  failed.fail(new Error("broken"));
  expect((await failed.next()).value).toEqual(piece("a"));
  await expect(failed.next()).rejects.toThrow("broken");
  expect((await failed.next()).done).toBe(true);

  const aborted = queue().pieces;
  aborted.push(piece("a"));
  aborted.abort(new Error("gone"));
  await expect(aborted.next()).rejects.toThrow("gone");
});

test("what comes after the end is dropped", async () => {
  const { pieces } = queue();
  pieces.end(end);
  pieces.push(piece("late"));
  pieces.fail(new Error("late"));
  expect(await pieces.next()).toEqual({ done: true, value: end });
});

test.each(["return", "throw", "dispose"])("leaving by %s before the end is told once", async (way) => {
  const { pieces, left } = queue();
  pieces.push(piece("a"));
  const leave = async () => {
    if (way === "return") await pieces.return();
    else if (way === "throw") await expect(pieces.throw(new Error("mine"))).rejects.toThrow("mine");
    else await pieces[Symbol.asyncDispose]();
  };
  await leave();
  await leave();
  expect(left()).toBe(1);
  expect((await pieces.next()).done).toBe(true);
});

test("leaving releases a reader that waits", async () => {
  const { pieces } = queue();
  const waiting = pieces.next();
  await pieces.return();
  expect((await waiting).done).toBe(true);
});

test("leaving after the end is no leaving", async () => {
  const { pieces, left } = queue();
  pieces.end(end);
  await pieces.return();
  expect(left()).toBe(0);
});
