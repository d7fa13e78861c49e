/**
 * What BPE never merges across: digits one by one, words with the space before them, runs of marks,
 * runs of white space. The same cuts as llama.cpp makes for `tokenizer.ggml.pre` = `smollm`.
 */
const WORD =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** The name of these cuts in a GGUF file. */
export const PRE_TOKENISER = "smollm";

/** Cuts text into words; joined, they are the text again. */
export function* words(text: string): Generator<string> {
  // Digits are cut first and for good: white space before one ends a text of its own.
  for (const part of text.split(/(\p{N})/u)) for (const [word] of part.matchAll(WORD)) yield word;
}
