import { Marked, type Token, type TokenizerAndRendererExtension, type Tokens, type TokensList } from "marked";

/** A formula between dollars, or between `\(` and `\)`. */
export interface FormulaToken {
  type: "formula";
  raw: string;
  text: string;
  display: boolean;
}

export type MarkdownToken = Token | FormulaToken;

/** The blocks of a text, and where its references lead. */
export type MarkdownBlocks = MarkdownToken[] & Partial<Pick<TokensList, "links">>;

const BLOCK_FORMULA = /^(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/;
// A price is no formula: no blank inside the dollars, no digit after the last one.
const INLINE_FORMULA =
  /^(?:\$\$([^$\n]+?)\$\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|\$(?![\s$])((?:\\.|[^\\$\n])*?[^\\$\s])\$(?![\d$]))/;

function formula(raw: string, text: string, display: boolean): FormulaToken {
  return { type: "formula", raw, text: text.trim(), display };
}

const blockFormula: TokenizerAndRendererExtension = {
  name: "formula",
  level: "block",
  start: (source) => startOf(source, /(?:^|\n)[ ]{0,3}(?:\$\$|\\\[)/),
  tokenizer(source) {
    const found = BLOCK_FORMULA.exec(source);
    return found ? formula(found[0], found[1] ?? found[2] ?? "", true) : undefined;
  },
};

const inlineFormula: TokenizerAndRendererExtension = {
  name: "formula",
  level: "inline",
  start: (source) => startOf(source, /\$|\\[([]/),
  tokenizer(source) {
    const found = INLINE_FORMULA.exec(source);
    if (!found) return undefined;
    const display = found[1] ?? found[2];
    return formula(found[0], display ?? found[3] ?? found[4] ?? "", display !== undefined);
  },
};

function startOf(source: string, pattern: RegExp): number | undefined {
  const at = source.search(pattern);
  return at < 0 ? undefined : at;
}

const marked = new Marked({ gfm: true, extensions: [] });
marked.use({ extensions: [blockFormula, inlineFormula] });

/** Quotes within quotes cost by the square of their depth, and deep enough the stack. */
const BOTTOMLESS = /^(?:[ \t]*>){100}/m;

/**
 * The blocks of a text in GitHub's Markdown with formulas. It yields tokens, never markup: what the
 * page shows is built from them node by node. Text that no lexer survives comes back as one paragraph.
 */
export function parseMarkdown(text: string): MarkdownBlocks {
  if (BOTTOMLESS.test(text)) return [asItStands(text)];
  try {
    return marked.lexer(text);
  } catch {
    return [asItStands(text)];
  }
}

function asItStands(text: string): Tokens.Paragraph {
  const only: Tokens.Text = { type: "text", raw: text, text, escaped: false };
  return { type: "paragraph", raw: text, text, tokens: [only] };
}

/** Where a link may lead: to the web or to mail. `javascript:` and the like, and our own paths, are none. */
export function safeLink(href: string): string | null {
  try {
    const url = new URL(decodeEntities(href));
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Pictures that are their own data; any other would tell a stranger's server who reads what. */
export const isOwnPicture = (href: string): boolean =>
  /^data:image\/(?:png|jpeg|gif|webp);base64,/.test(href);

const ENTITIES = new Map(
  Object.entries({
    amp: "&",
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
    nbsp: "\u00a0",
    copy: "©",
    reg: "®",
    trade: "™",
    hellip: "…",
    mdash: "—",
    ndash: "–",
    lsquo: "‘",
    rsquo: "’",
    ldquo: "“",
    rdquo: "”",
    laquo: "«",
    raquo: "»",
    bull: "•",
    middot: "·",
    deg: "°",
    plusmn: "±",
    times: "×",
    divide: "÷",
    le: "≤",
    ge: "≥",
    ne: "≠",
    asymp: "≈",
    infin: "∞",
    larr: "←",
    rarr: "→",
    uarr: "↑",
    darr: "↓",
    harr: "↔",
    euro: "€",
    pound: "£",
    yen: "¥",
    cent: "¢",
    sect: "§",
    para: "¶",
  }),
);

/** Character references as text; unknown ones stay as they are. */
export function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name) return ENTITIES.get(name) ?? whole;
      const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
    },
  );
}
