export interface Thought {
  thinking: string;
  answer: string;
  /** Whether the thinking goes on. */
  open: boolean;
}

const PAIRS = [
  ["<think>", "</think>"],
  ["<thinking>", "</thinking>"],
] as const;

/**
 * Takes apart what a model writes that thinks aloud: thoughts between tags at the very beginning, then
 * the answer. A template may have opened the tag already, so a lone end tag counts as well.
 * @param whole whether nothing more comes
 */
export function splitThinking(text: string, whole = false): Thought {
  const start = text.trimStart();
  for (const [open, close] of PAIRS) {
    if (start.startsWith(open)) {
      const rest = start.slice(open.length);
      const end = rest.indexOf(close);
      if (end < 0) return { thinking: withoutHalf(rest, close).trim(), answer: "", open: true };
      return {
        thinking: rest.slice(0, end).trim(),
        answer: rest.slice(end + close.length).trimStart(),
        open: false,
      };
    }
    // Half a tag: nothing to show yet.
    if (!whole && start !== "" && open.startsWith(start)) return { thinking: "", answer: "", open: false };
    const end = start.indexOf(close);
    if (end >= 0 && !start.slice(0, end).includes("`"))
      return {
        thinking: start.slice(0, end).trim(),
        answer: start.slice(end + close.length).trimStart(),
        open: false,
      };
  }
  return { thinking: "", answer: text, open: false };
}

/** The text without the beginning of the end tag, which would flash up while it is written. */
function withoutHalf(text: string, tag: string): string {
  for (let length = tag.length - 1; length > 0; length--)
    if (text.endsWith(tag.slice(0, length))) return text.slice(0, -length);
  return text;
}
