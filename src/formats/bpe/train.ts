import { toByteCharacters } from "./byte-alphabet.ts";
import { words } from "./words.ts";

/** Two neighbours, in byte characters, that become one token. */
export type Merge = readonly [left: string, right: string];

interface Word {
  parts: string[];
  /** How often the word occurs. */
  count: number;
}

/**
 * Learns merges from text, the most frequent pair first (Sennrich et al. 2016, on bytes). The same text
 * always gives the same merges; of equally frequent pairs the alphabetically first wins.
 * @returns at most `limit` merges, fewer when no pair occurs twice
 */
export function trainMerges(text: string, limit: number): Merge[] {
  const counts = new Map<string, number>();
  for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const pairs = new PairIndex();
  for (const [word, count] of counts) pairs.add({ parts: Array.from(toByteCharacters(word)), count });
  const merges: Merge[] = [];
  while (merges.length < limit) {
    const best = pairs.mostFrequent();
    if (!best) break;
    merges.push(best);
    pairs.merge(best);
  }
  return merges;
}

/** Counts neighbours, and knows in which words each pair occurs, so that a merge touches only those. */
class PairIndex {
  /** Keyed by both parts with a space between: no byte character is a space. */
  readonly #counts = new Map<string, number>();
  readonly #words = new Map<string, Set<Word>>();

  add(word: Word): void {
    for (const key of pairKeys(word.parts)) {
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + word.count);
      const holders = this.#words.get(key);
      if (holders) holders.add(word);
      else this.#words.set(key, new Set([word]));
    }
  }

  mostFrequent(): Merge | null {
    let best: string | null = null;
    let most = 1;
    for (const [key, count] of this.#counts)
      if (count > most || (count === most && best !== null && key < best)) {
        best = key;
        most = count;
      }
    return best === null ? null : (best.split(" ") as [string, string]);
  }

  merge([left, right]: Merge): void {
    // A copy: `#remove` takes words out of the set.
    for (const word of Array.from(this.#words.get(`${left} ${right}`) ?? [])) {
      this.#remove(word);
      word.parts = join(word.parts, left, right);
      this.add(word);
    }
  }

  #remove(word: Word): void {
    for (const key of pairKeys(word.parts)) {
      const left = (this.#counts.get(key) ?? 0) - word.count;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
      this.#words.get(key)?.delete(word);
    }
  }
}

function* pairKeys(parts: readonly string[]): Generator<string> {
  for (let i = 1; i < parts.length; i++) yield `${parts[i - 1]} ${parts[i]}`;
}

/** Replaces every `left`, `right` by their concatenation, from the front. */
export function join(parts: readonly string[], left: string, right: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] === left && parts[i + 1] === right) {
      out.push(left + right);
      i++;
    } else out.push(parts[i]!);
  }
  return out;
}
