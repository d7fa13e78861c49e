/**
 * Turns the bytes of tokens into text a client may see: characters are never split across pieces, and
 * nothing of a stop string is ever let out. Pure; one per answer.
 */
export class AnswerText {
  /** Keeps the bytes of an unfinished character; a byte order mark is text like any other. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #stops: readonly string[];
  /** Decoded, but perhaps the beginning of a stop string. */
  #held = "";
  #stopped = false;

  /** @param stops empty strings are ignored */
  constructor(stops: readonly string[] = []) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** Whether a stop string was met: nothing comes after it. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** @returns the text that is certain by now */
  push(bytes: Uint8Array): string {
    return this.#stopped ? "" : this.#release(this.#decoder.decode(bytes, { stream: true }));
  }

  /** @returns what was held back, once no token follows; an unfinished character becomes U+FFFD */
  end(): string {
    if (this.#stopped) return "";
    const text = this.#release(this.#decoder.decode());
    const held = this.#held;
    this.#held = "";
    return this.#stopped ? text : text + held;
  }

  #release(decoded: string): string {
    if (this.#stops.length === 0 || decoded === "") return decoded;
    const text = this.#held + decoded;
    const stop = firstStop(text, this.#stops);
    if (stop >= 0) {
      this.#stopped = true;
      this.#held = "";
      return text.slice(0, stop);
    }
    const certain = text.length - longestBeginning(text, this.#stops);
    this.#held = text.slice(certain);
    return text.slice(0, certain);
  }
}

/**
 * The stop string that is complete first, so that the answer is the same however its tokens fall.
 * @returns where it begins, or -1
 */
function firstStop(text: string, stops: readonly string[]): number {
  let begin = -1;
  let end = Infinity;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at < 0 || at + stop.length > end) continue;
    begin = at + stop.length < end ? at : Math.min(begin, at);
    end = at + stop.length;
  }
  return begin;
}

/** @returns the length of the longest end of `text` that is the beginning of a stop string */
function longestBeginning(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops)
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--)
      if (text.endsWith(stop.slice(0, length))) longest = length;
  return longest;
}
