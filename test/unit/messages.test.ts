import { describe, expect, test } from "bun:test";
import { toTurns } from "../../src/services/messages.ts";

describe("messages", () => {
  test("takes developer for system, as templates know no other", () => {
    expect(toTurns([{ role: "developer", content: "Be brief" }])).toEqual([
      { role: "system", content: "Be brief" },
    ]);
  });

  test("joins text parts by lines", () => {
    const content = [
      { type: "text", text: "one" },
      { type: "text", text: "two" },
    ];
    expect(toTurns([{ role: "user", content }])).toEqual([{ role: "user", content: "one\ntwo" }]);
  });

  test("hands earlier tool calls and their results to the template", () => {
    const call = { id: "call_1", type: "function" as const, function: { name: "f", arguments: '{"a":1}' } };
    expect(
      toTurns([
        { role: "user", content: "Use f", name: "ada" },
        { role: "assistant", content: null, tool_calls: [call], reasoning_content: "f it is" },
        { role: "tool", content: "42", tool_call_id: "call_1" },
      ]),
    ).toEqual([
      { role: "user", content: "Use f", name: "ada" },
      { role: "assistant", content: null, tool_calls: [call], reasoning_content: "f it is" },
      { role: "tool", content: "42", tool_call_id: "call_1" },
    ]);
  });

  test("makes up the id of a tool call that has none", () => {
    const [turn] = toTurns([
      { role: "assistant", tool_calls: [{ function: { name: "f", arguments: "{}" } }] },
    ]);
    expect(turn?.tool_calls?.[0]).toEqual({
      id: "call_0_0",
      type: "function",
      function: { name: "f", arguments: "{}" },
    });
  });

  test("takes an assistant that said nothing for empty text", () => {
    expect(toTurns([{ role: "assistant", content: null, tool_calls: null }])).toEqual([
      { role: "assistant", content: "" },
    ]);
  });

  test("keeps what an assistant refused with", () => {
    const content = [{ type: "refusal", refusal: "No." }];
    expect(toTurns([{ role: "assistant", content }])).toEqual([{ role: "assistant", content: "No." }]);
  });

  test.each(["image_url", "input_audio", "file", "video_url"])(
    "refuses a part of type %s by its path",
    (type) => {
      const messages = [
        { role: "system" as const, content: "s" },
        { role: "user" as const, content: [{ type: "text", text: "What is it?" }, { type }] },
      ];
      expect(() => toTurns(messages)).toThrow(
        expect.objectContaining({
          status: 400,
          code: "unsupported_parameter",
          param: "messages.1.content.1.type",
        }),
      );
    },
  );

  test("refuses a part of a type that nobody knows as a wrong value", () => {
    expect(() => toTurns([{ role: "user", content: [{ type: "smell" }] }])).toThrow(
      expect.objectContaining({ code: "invalid_value", param: "messages.0.content.0.type" }),
    );
  });

  test("refuses a text part without text", () => {
    expect(() => toTurns([{ role: "user", content: [{ type: "text" }] }])).toThrow(
      expect.objectContaining({ param: "messages.0.content.0.text" }),
    );
  });

  test.each(["system", "developer", "user", "tool"] as const)("needs content from the role %s", (role) => {
    expect(() => toTurns([{ role, content: null }])).toThrow(
      expect.objectContaining({ code: "missing_required_parameter", param: "messages.0.content" }),
    );
  });
});
