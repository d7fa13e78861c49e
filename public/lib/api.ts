import type { ErrorBody } from "../../src/schemas/shared.ts";

/** The server refused; the message says what to do. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "Refusal";
    this.status = status;
  }
}

/** No answer came: the server is stopped, restarting, or out of reach. */
class Away extends Error {
  constructor(cause: unknown) {
    super("The server does not answer. Once it is back, try again.", {
      cause,
    });
    this.name = "Away";
  }
}

export interface Call {
  method?: "GET" | "POST" | "DELETE";
  body?: unknown;
  signal?: AbortSignal;
  /** The API key, where the server wants one. */
  key?: string | null;
}

/**
 * Calls the server and hands back its answer, whatever it is made of.
 * @throws Refusal when it says no, Away when it says nothing, `AbortError` when `signal` fires
 */
export async function send(
  path: string,
  { method = "GET", body, signal, key }: Call = {},
): Promise<Response> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (key) headers["authorization"] = `Bearer ${key}`;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      signal: signal ?? null,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new Away(error);
  }
  if (!response.ok) throw new Refusal(response.status, refusalText(response.status, await response.text()));
  return response;
}

/** `send`, for answers in JSON of a known schema. */
export async function call<T>(path: string, options: Call = {}): Promise<T> {
  const response = await send(path, options);
  try {
    return (await response.json()) as T;
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new Away(error);
  }
}

/** The sentence to show for a failed answer: the server's own where it sent one. */
export function refusalText(status: number, body: string): string {
  try {
    const { error } = JSON.parse(body) as Partial<ErrorBody>;
    if (error?.message) return error.message;
  } catch {
    // Not ours: a proxy in between answers in its own way.
  }
  return `The server answered with status ${status} and no reason; its log has more.`;
}

/** A failure as a sentence for the person in front of the page. */
export const explain = (error: unknown): string => (error instanceof Error ? error.message : String(error));
