import { expect, test } from "bun:test";
import { type ChatPiece, readChat } from "../../public/lib/chat-stream.ts";

/** Feeds the reader one event per item; strings go out as they are. */
function read(...items: unknown[]): Promise<ChatPiece[]> {
  return Array.fromAsync(
    readChat(
      (async function* () {
        for (const item of items)
          yield { event: "message", data: typeof item === "string" ? item : JSON.stringify(item) };
      })(),
    ),
  );
}

const content = (text: string) => ({ choices: [{ delta: { content: text }, finish_reason: null }] });

test("a streamed answer comes as text, its end and its usage", async () => {
  expect(
    await read(
      { choices: [{ delta: { role: "assistant", content: "" }, finish_reason: null }] },
      content("Hel"),
      content("lo"),
      { choices: [{ delta: {}, finish_reason: "length" }], usage: null },
      { choices: [], usage: { prompt_tokens: 9, completion_tokens: 2 } },
      "[DONE]",
    ),
  ).toEqual([
    { kind: "text", text: "Hel" },
    { kind: "text", text: "lo" },
    { kind: "end", reason: "length" },
    { kind: "usage", inputTokens: 9, outputTokens: 2, tokensPerSecond: null },
  ]);
});

test("an error inside the stream is told in the server's words", async () => {
  const error = { message: "The engine stopped", type: "server_error", param: null, code: "engine_lost" };
  await expect(read(content("Hel"), { error })).rejects.toThrow("The engine stopped");
});

test("a connection that breaks is told as one", async () => {
  async function* broken() {
    yield { event: "message", data: JSON.stringify(content("Hel")) };
    throw new TypeError("network error");
  }
  await expect(Array.fromAsync(readChat(broken()))).rejects.toThrow("The connection ended");
});

test("a stream that ends without [DONE] does not pass for a whole answer", async () => {
  await expect(read(content("Hel"))).rejects.toThrow("The connection ended before the answer did");
});
