import type { FakeModel } from "./fake-engine.ts";
import type { TestServer } from "./server.ts";

/** The first model that the test server loaded. */
export function fakeModel({ engine }: TestServer): FakeModel {
  const [model] = engine.models;
  if (!model) throw new Error("No model was loaded");
  return model;
}

/** The body as JSON, sent with POST. */
export function postJson({ url }: Pick<TestServer, "url">, path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** The error that a promise is to be rejected with; any other outcome fails the test. */
export async function caught<E extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...given: never[]) => E,
): Promise<E> {
  const error: unknown = await promise.then(
    () => new Error("It did not fail"),
    (reason: unknown) => reason,
  );
  if (error instanceof kind) return error;
  throw error;
}

/** Waits for something to become true; only the test's own time-out bounds it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(1);
}
