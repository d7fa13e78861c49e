import { ServerRefusal } from "./command-error.ts";

/** A hub tells of a private repository as of one that is not there. */
const WANTS_TOKEN = new Set(["gated_repository", "model_not_found"]);

/** The `HF_TOKEN` of this environment; never in the clear over a network. */
export function tokenFor(url: string): string | undefined {
  const { protocol, hostname } = new URL(url);
  const isPrivate = protocol === "https:" || /^(?:localhost|127\..*|\[::1\])$/.test(hostname);
  return (isPrivate && process.env["HF_TOKEN"]) || undefined;
}

/** Asks the server at `url`, and again with the token of this environment where the hub wants one. */
export async function withHubToken<T>(
  url: string,
  ask: (token: string | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await ask(undefined);
  } catch (error) {
    const token = tokenFor(url);
    if (!token || !(error instanceof ServerRefusal) || !WANTS_TOKEN.has(error.code ?? "")) throw error;
    return ask(token);
  }
}
