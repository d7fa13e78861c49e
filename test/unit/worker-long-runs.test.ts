import { describe, expect, test } from "bun:test";
import { cutLongRuns } from "../../src/engine/worker/long-runs.ts";

const MOST = 8192;

/** The longest stretch that is all spaces, or has none. */
const longestRun = (pieces: string[]) =>
  Math.max(...pieces.flatMap((piece) => piece.match(/\s+|\S+/g) ?? []).map(({ length }) => length));

describe("text with runs too long to be tokenised", () => {
  test.each([
    ["letters", "a".repeat(100_000)],
    ["spaces", " ".repeat(100_000)],
    ["line ends", "\r\n".repeat(50_000)],
    ["spaces of other scripts", "\u0085\u3000\u2009".repeat(20_000)],
    ["letters between words", `one two ${"é".repeat(30_000)} three ${"\n".repeat(9000)}four`],
    ["characters of two halves", "😀".repeat(20_000)],
    ["characters of two halves after an odd number", `x${"😀".repeat(20_000)}`],
  ])("is cut inside them: %s", (_, text) => {
    const pieces = cutLongRuns(text, []);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("")).toBe(text);
    expect(longestRun(pieces)).toBeLessThanOrEqual(MOST);
    expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
  });

  test("keeps control tokens whole, wherever they lie", () => {
    const control = "<|im_end|>";
    for (let before = MOST - control.length - 1; before <= MOST + 1; before++) {
      const text = "a".repeat(before) + control + "b".repeat(MOST - control.length);
      const pieces = cutLongRuns(text, ["<|im_start|>", control]);
      expect(pieces.join("")).toBe(text);
      expect(pieces.filter((piece) => piece.includes(control))).toHaveLength(1);
    }
  });
});

test.each(["", "short", "words and words ".repeat(10_000), "a".repeat(MOST), `${"a".repeat(MOST)} b`])(
  "other text stays in one piece",
  (text) => expect(cutLongRuns(text, ["<|im_end|>"])).toEqual([text]),
);
