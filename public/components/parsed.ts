import { useEffect, useReducer, useRef } from "preact/hooks";
import { type MarkdownBlocks, parseMarkdown } from "../lib/markdown.ts";

/** How much of the time parsing may take: a fifth. */
const REST = 4;

/**
 * The blocks of a text. While it grows, one that takes long to parse is parsed less often, so that the page stays quick
 * whatever a model writes; a text that is whole is shown whole at once.
 */
export function useParsed(text: string, growing: boolean): MarkdownBlocks {
  const [, again] = useReducer((count: number) => count + 1, 0);
  const last = useRef<{ text: string; tokens: MarkdownBlocks; until: number } | null>(null);
  const now = performance.now();
  let known = last.current;
  if (known === null || (known.text !== text && (!growing || now >= known.until))) {
    const tokens = parseMarkdown(text);
    const end = performance.now();
    known = last.current = { text, tokens, until: end + (end - now) * REST };
  }
  const behind = known.text !== text;
  const { until } = known;
  useEffect(() => {
    if (!behind) return;
    const timer = setTimeout(() => again(0), Math.max(0, until - performance.now()));
    return () => clearTimeout(timer);
  }, [text, behind]);
  return known.tokens;
}
