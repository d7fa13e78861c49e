/** The word most like `mistyped`; `null` when none is so alike that it was probably meant. */
export function nearest(mistyped: string, words: readonly string[]): string | null {
  let best: string | null = null;
  // A third of the letters may differ, or two of a short word, as when they are swapped.
  let fewest = Math.max(2, Math.floor(mistyped.length / 3)) + 1;
  for (const word of words) {
    const edits = distance(mistyped.toLowerCase(), word.toLowerCase());
    if (edits >= fewest) continue;
    fewest = edits;
    best = word;
  }
  return best;
}

/** Levenshtein: letters to insert, remove or replace. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const replaced = row[column - 1]! + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
