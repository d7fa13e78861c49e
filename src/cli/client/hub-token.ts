import { ServerRefusal } from "./command-error.ts";

/** A hub tells of a private repository as of one that is not there. */
const WANTS_TOKEN = new Set(["gated_repository", "model_not_found"]);

/** Of the commands that may meet a gated repository. */
export const HUB_TOKEN_OPTION = [
  "--hf-token <token>",
  "for a gated repository; never stored (else HF_TOKEN, here or of the server)",
] as const;

/** The `HF_TOKEN` of this environment; never in the clear over a network. */
export function tokenFor(url: string): string | undefined {
  const { protocol, hostname } = new URL(url);
  const isPrivate = protocol === "https:" || /^(?:localhost|127\..*|\[::1\])$/.test(hostname);
  return (isPrivate && process.env["HF_TOKEN"]) || undefined;
}

/** Asks the server at `url` with the token that was `given`, and again with that of this environment where the hub wants one. */
export async function withHubToken<T>(
  url: string,
  ask: (token: string | undefined) => Promise<T>,
  given?: string,
): Promise<T> {
  try {
    return await ask(given);
  } catch (error) {
    const token = given === undefined ? tokenFor(url) : undefined;
    if (!token || !(error instanceof ServerRefusal) || !WANTS_TOKEN.has(error.code ?? "")) throw error;
    return ask(token);
  }
}
