import { Refusal, refusalText } from "./api.ts";
import type { StreamEvent } from "./sse.ts";

/** What the page shows of a streamed chat completion. */
export type ChatPiece =
  | { kind: "text"; text: string }
  | { kind: "thinking"; text: string }
  | { kind: "end"; reason: string }
  | { kind: "usage"; inputTokens: number; outputTokens: number; tokensPerSecond: number | null };

interface Chunk {
  error?: unknown;
  choices?: {
    delta?: { content?: string | null; reasoning_content?: string | null };
    /** Of `POST /v1/completions`. */
    text?: string;
    finish_reason?: string | null;
  }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  timings?: { predicted_per_second?: number } | null;
}

/**
 * Reads the events of `POST /v1/chat/completions`, or of `/v1/completions`, up to `[DONE]`.
 * @throws Refusal when the stream carries an error, or ends without `[DONE]`: a cut answer never looks whole
 */
export async function* readChat(events: AsyncIterable<StreamEvent>): AsyncGenerator<ChatPiece> {
  try {
    for await (const { data } of events) {
      if (data === "[DONE]") return;
      yield* pieces(data);
    }
  } catch (error) {
    // What a browser throws when the connection breaks.
    if (!(error instanceof TypeError)) throw error;
  }
  throw new Refusal(200, "The connection ended before the answer did. Ask again.");
}

function* pieces(data: string): Generator<ChatPiece> {
  const chunk = JSON.parse(data) as Chunk;
  if (chunk.error) throw new Refusal(200, refusalText(200, data));
  const choice = chunk.choices?.[0];
  if (choice?.delta?.reasoning_content) yield { kind: "thinking", text: choice.delta.reasoning_content };
  const text = choice?.delta?.content || choice?.text;
  if (text) yield { kind: "text", text };
  if (choice?.finish_reason) yield { kind: "end", reason: choice.finish_reason };
  if (chunk.usage)
    yield {
      kind: "usage",
      inputTokens: chunk.usage.prompt_tokens,
      outputTokens: chunk.usage.completion_tokens,
      tokensPerSecond: chunk.timings?.predicted_per_second || null,
    };
}
