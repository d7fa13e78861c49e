/**
 * Characters in a row, all of them spaces or none, that are tokenised together. llama.cpp leaves the expressions by
 * which many vocabularies split text (of gpt-4o, Tekken and DeepSeek, among others) to `std::regex`, which recurses
 * for each character of a match: 25,000 of them overflow a stack of 8 MB, and with it the process is gone.
 */
const LONGEST = 8192;

/**
 * Cuts text inside runs that llama.cpp could not survive. No ordinary text has such runs; in those that have them,
 * the tokens beside a cut may be others than without it.
 * @param whole texts that no cut may go through, such as those of control tokens
 */
export function cutLongRuns(text: string, whole: readonly string[]): string[] {
  const pieces: string[] = [];
  let piece = 0;
  let run = 0;
  let inSpace: boolean | null = null;
  for (let at = 0; at < text.length; at++) {
    const space = isSpace(text.charCodeAt(at));
    if (space !== inSpace) {
      inSpace = space;
      run = at;
    } else if (at - run >= LONGEST) {
      run = cutBefore(text, at, whole);
      pieces.push(text.slice(piece, run));
      piece = run;
    }
  }
  pieces.push(text.slice(piece));
  return pieces;
}

/** The last place up to `at` that lies neither inside a character nor inside a text that is to stay whole. */
function cutBefore(text: string, at: number, whole: readonly string[]): number {
  for (const one of whole) {
    const from = at - one.length + 1;
    const inside = text.slice(from, at + one.length - 1).indexOf(one);
    if (inside >= 0) return from + inside;
  }
  const isLowSurrogate = (text.charCodeAt(at) & 0xfc00) === 0xdc00;
  return isLowSurrogate ? at - 1 : at;
}

/** As llama.cpp's `unicode_set_whitespace` has it. */
function isSpace(code: number): boolean {
  if (code < 0x85) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}
