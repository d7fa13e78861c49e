import { expect } from "bun:test";
import { startServer } from "./server.ts";

/** The body of a failure. */
export interface Envelope {
  error: { message: string; type: string; param: string | null; code: string | null };
  detail?: string;
}

/** Posts to the real server and returns the error. */
export async function refusal(path: string, body: string, headers: Record<string, string> = {}) {
  await using server = await startServer();
  const answer = await fetch(server.url + path, { method: "POST", body, headers });
  const envelope = (await answer.json()) as Envelope;
  expect(answer.headers.get("x-request-id")).toStartWith("req_");
  return { status: answer.status, ...envelope.error, detail: envelope.detail };
}

/** The same for a chat completion that is right but for these fields. */
export const refusedChat = (fields: Record<string, unknown>) =>
  refusal(
    "/v1/chat/completions",
    JSON.stringify({ model: "test-model", messages: [{ role: "user", content: "Hi" }], ...fields }),
  );
