import { describe, expect, test } from "bun:test";
import { AnswerText } from "../../src/engine/worker/text.ts";

const utf8 = new TextEncoder();

/** Every piece an answer gives when its bytes come in these parts. */
function pieces(parts: Uint8Array[], stops: string[] = []): { pieces: string[]; stopped: boolean } {
  const text = new AnswerText(stops);
  const given = parts.map((part) => text.push(part));
  return { pieces: [...given, text.end()], stopped: text.stopped };
}

/** All ways to cut `bytes` into up to three parts. */
function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let first = 0; first <= bytes.length; first++)
    for (let second = first; second <= bytes.length; second++)
      yield [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
}

const bytewise = (text: string) => Array.from(utf8.encode(text), (byte) => Uint8Array.of(byte));

describe("characters", () => {
  const text = "aé€😀 👩‍👩‍👧 日本\r\n\u{FEFF}x";

  test("come out whole however their bytes are cut", () => {
    for (const parts of cuts(utf8.encode(text))) {
      const given = pieces(parts).pieces;
      expect(given.join("")).toBe(text);
      for (const piece of given) expect(piece).not.toContain("\u{FFFD}");
    }
  });

  test("come out as soon as their last byte is there", () => {
    expect(pieces(bytewise("a€b")).pieces).toEqual(["a", "", "", "€", "b", ""]);
  });

  test("keep a byte order mark, at the beginning too", () => {
    expect(pieces(bytewise("\u{FEFF}hi")).pieces.join("")).toBe("\u{FEFF}hi");
  });

  test("that never become whole end as one U+FFFD", () => {
    expect(pieces([utf8.encode("a"), Uint8Array.of(0xf0, 0x9f)]).pieces).toEqual(["a", "", "\u{FFFD}"]);
  });

  test("that are broken by another one show as U+FFFD before it", () => {
    expect(pieces([Uint8Array.of(0xe2, 0x82), utf8.encode("b")]).pieces).toEqual(["", "\u{FFFD}b", ""]);
  });

  test("of U+FFFD itself are text", () => {
    expect(pieces([utf8.encode("x\u{FFFD}y")]).pieces).toEqual(["x\u{FFFD}y", ""]);
  });
});

describe("stop strings", () => {
  const answers: [text: string, stops: string[], expected: string, stopped: boolean][] = [
    ["hello world", ["world"], "hello ", true],
    ["hello world", ["wor"], "hello ", true],
    ["hello wor", ["world"], "hello wor", false],
    ["aaaab", ["aab"], "aa", true],
    ["ababac", ["abac"], "ab", true],
    ["END", ["END"], "", true],
    ["one\n\ntwo", ["\n\n"], "one", true],
    ["one\ntwo", ["\n\n"], "one\ntwo", false],
    ["prix: 5 € ou 6", ["€"], "prix: 5 ", true],
    ["a👩‍👩‍👧b", ["👧"], "a👩‍👩‍", true],
    ["abcd", ["cd", "bc"], "a", true],
    ["abc", ["abc", "b"], "a", true],
    ["xabc", ["bc", "abc"], "x", true],
    ["nothing of it", ["zebra", "quux"], "nothing of it", false],
    ["</s", ["</s>"], "</s", false],
    ["text", [""], "text", false],
  ];

  test.each(answers)("in %j of %j leave %j", (text, stops, expected, stopped) => {
    for (const parts of [...cuts(utf8.encode(text)), bytewise(text)]) {
      const given = pieces(parts, stops);
      expect(given.pieces.join("")).toBe(expected);
      expect(given.stopped).toBe(stopped);
    }
  });

  test("never let out a beginning that they may still take back", () => {
    const answer = new AnswerText(["STOP"]);
    expect(answer.push(utf8.encode("go ST"))).toBe("go ");
    expect(answer.push(utf8.encode("O"))).toBe("");
    expect(answer.push(utf8.encode("RE"))).toBe("STORE");
    expect(answer.push(utf8.encode("S"))).toBe("");
    expect(answer.push(utf8.encode("TOP!"))).toBe("");
    expect(answer.stopped).toBe(true);
  });

  test("silence all that comes after them", () => {
    const answer = new AnswerText(["."]);
    expect(answer.push(utf8.encode("one. two"))).toBe("one");
    expect(answer.push(utf8.encode("three"))).toBe("");
    expect(answer.end()).toBe("");
  });

  test("give back what was held when the answer ends otherwise", () => {
    const answer = new AnswerText(["\n\nUser:"]);
    expect(answer.push(utf8.encode("bye\n\nUs"))).toBe("bye");
    expect(answer.end()).toBe("\n\nUs");
  });
});
