import { describe, expect, test } from "bun:test";
import { attachedText, decodeText, isPdf } from "../../public/lib/attachments.ts";
import { chatBody } from "../../public/lib/chat-request.ts";
import { newConversation, withMessage } from "../../public/lib/conversation.ts";
import { Value } from "@sinclair/typebox/value";
import { SamplingFields } from "../../src/schemas/sampling.ts";
import { readNumber, readStops, SAMPLING_FIELDS } from "../../public/lib/sampling.ts";
import { snippet } from "../../public/lib/snippets.ts";
import { splitThinking } from "../../public/lib/thinking.ts";

const question = { id: "q", parent: null, role: "user" as const, content: 'It\'s "low" tide', created: 1 };
const conversation = withMessage(
  newConversation({ id: "c", created: 1, system: " Be brief. ", sampling: { temperature: 0, top_k: 5 } }),
  question,
);
const body = chatBody(conversation, "q", "guide");

test("a request has the system prompt, the path, and only the settings that were made", () => {
  expect(body).toEqual({
    model: "guide",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: question.content },
    ],
    temperature: 0,
    top_k: 5,
    stream: true,
    stream_options: { include_usage: true },
  });
});

/** The same conversation, with an answer that failed before its first word. */
const failed = withMessage(conversation, {
  ...question,
  id: "a",
  parent: "q",
  role: "assistant",
  content: "",
});

test("an answer that failed before its first word is no turn", () => {
  expect(chatBody(failed, "a", "guide").messages).toHaveLength(2);
});

test("a question that was never answered is asked with the next one, so that the roles alternate", () => {
  const next = withMessage(failed, { ...question, id: "q2", parent: "a", content: "And high tide?" });
  expect(chatBody(next, "q2", "guide").messages).toEqual([
    { role: "system", content: "Be brief." },
    { role: "user", content: `${question.content}\n\nAnd high tide?` },
  ]);
});

test("a file stands before the question, in a fence that its text can not end", () => {
  const text = "a\n```\nb";
  expect(attachedText({ name: "x.md", size: text.length, text })).toBe("File: x.md\n````\na\n```\nb\n````");
});

describe("snippets", () => {
  const target = { origin: "http://127.0.0.1:8000", needsKey: false };

  test("curl gets the body between quotes that a shell leaves alone", async () => {
    const code = snippet("curl", body, target);
    const printed = code.replace(/^curl -N \S+/, "printf '%s\\0'");
    const shown = await Bun.$`sh -c ${printed}`.text();
    expect(JSON.parse(shown.split("\0").at(-2) ?? "")).toEqual(body);
  });

  test("Python passes what its SDK does not know beside the body", () => {
    const code = snippet("Python", body, target);
    expect(code).toContain("    temperature=0,");
    expect(code).toContain('    extra_body={"top_k": 5},');
    expect(code).toContain("    stream=True,");
    expect(code).toContain('"It\'s \\"low\\" tide"');
    expect(code).not.toContain("stream_options");
  });

  test("JavaScript is a module that runs", () => {
    const code = snippet("JavaScript", body, target);
    expect(() => new Bun.Transpiler({ loader: "js" }).transformSync(code)).not.toThrow();
    expect(code).toContain('baseURL: "http://127.0.0.1:8000/v1"');
  });

  test("the key itself never stands in them", () => {
    for (const kind of ["curl", "Python", "JavaScript"] as const)
      expect(snippet(kind, body, { ...target, needsKey: true })).toContain("BERTH_API_KEY");
  });
});

test.each([
  ["<think>a", { thinking: "a", answer: "", open: true }],
  ["<think>a</thi", { thinking: "a", answer: "", open: true }],
  ["<think>\na\n</think>\n\nb", { thinking: "a", answer: "b", open: false }],
  ["<thinking>a</thinking>b", { thinking: "a", answer: "b", open: false }],
  ["<thi", { thinking: "", answer: "", open: false }],
  ["a</think>b", { thinking: "a", answer: "b", open: false }],
  ["Use `</think>` to end", { thinking: "", answer: "Use `</think>` to end", open: false }],
  ["plain", { thinking: "", answer: "plain", open: false }],
  ["", { thinking: "", answer: "", open: false }],
])("%j is taken apart into thoughts and answer", (text, parts) => expect(splitThinking(text)).toEqual(parts));

test("what looks like half a tag is the answer where nothing more comes", () => {
  expect(splitThinking("<", true).answer).toBe("<");
  expect(splitThinking("<thi", true)).toEqual({ thinking: "", answer: "<thi", open: false });
});

test("numbers are held within their bounds, and what is none is left to the server", () => {
  const field = { min: 0, max: 2, step: 0.05 };
  expect(["0.7", "0", "5", "-1", "", "x"].map((typed) => readNumber(typed, field))).toEqual([
    0.7,
    0,
    2,
    0,
    undefined,
    undefined,
  ]);
  expect(readNumber("3.6", { min: 1, step: 1 })).toBe(4);
  const longest = SAMPLING_FIELDS.find(({ name }) => name === "max_tokens")!;
  expect(["-1", "-2", "0", "7"].map((typed) => readNumber(typed, longest))).toEqual([-1, 1, 1, 7]);
  expect(readStops("a\n\nb\nc\nd\ne")).toEqual(["a", "b", "c", "d", "e"]);
  const most = readStops("x\n".repeat(1000));
  expect(Value.Check(SamplingFields.stop, most)).toBe(true);
  expect(Value.Check(SamplingFields.stop, [...(most ?? []), "x"])).toBe(false);
  expect(readStops("\n")).toBeUndefined();
});

test("bytes are text, a PDF file, or neither", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  expect(decodeText(bytes("höhe"))).toBe("höhe");
  expect(decodeText(new Uint8Array([0xff, 0xfe, 0x61, 0]))).toBe("a");
  expect(decodeText(new Uint8Array([0x89, 0x50, 0, 1]))).toBeNull();
  expect(decodeText(new Uint8Array([0xc3, 0x28]))).toBeNull();
  expect(isPdf(bytes("\n%PDF-1.7"))).toBe(true);
  expect(isPdf(bytes("PDF"))).toBe(false);
});
