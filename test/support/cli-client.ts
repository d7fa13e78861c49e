import { berth } from "./berth-process.ts";

/** Runs a verb against a server, as a person with `BERTH_URL` set would. */
export function verb(url: string, words: string[], input?: string) {
  return berth(words, { env: { BERTH_URL: url }, input });
}
