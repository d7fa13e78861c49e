/** A piece of highlighted code: text with the names of its scopes, outermost first. */
export interface CodeSpan {
  scope: string;
  text: string;
}

const PIECE = /<span class="([^"]*)">|<\/span>|([^<]+)/g;

const CHARACTERS: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#x27;": "'",
};

/**
 * Takes apart what highlight.js writes: spans with a class, and text with five characters escaped. So
 * its output becomes nodes without ever being read as markup.
 */
export function codeSpans(markup: string): CodeSpan[] {
  const spans: CodeSpan[] = [];
  const scopes: string[] = [];
  for (const [piece, scope, text] of markup.matchAll(PIECE)) {
    if (scope !== undefined) scopes.push(scope);
    else if (text === undefined) scopes.pop();
    else
      spans.push({
        scope: scopes.join(" "),
        text: text.replace(/&(?:amp|lt|gt|quot|#x27);/g, (name) => CHARACTERS[name] ?? name),
      });
    if (piece === "") break;
  }
  return spans;
}
