import { Component, type ComponentChildren, type VNode } from "preact";
import type { Token, Tokens } from "marked";
import { decodeEntities, isOwnPicture, type MarkdownToken, safeLink } from "../lib/markdown.ts";
import { CodeBlock } from "./code-block.tsx";
import { Formula } from "./formula.tsx";
import { useParsed } from "./parsed.ts";
import { Table } from "./table.tsx";

/** Deeper than this, lists and quotes show as the text they are. */
const DEEPEST = 24;

/**
 * Markdown as nodes. What a model wrote never passes through a parser of markup: its HTML is shown as
 * text, but for a few tags that only shape text and carry no attribute.
 */
export function Markdown({ text, growing = false }: { text: string; growing?: boolean }) {
  const blocks = useParsed(text, growing);
  const definitions = JSON.stringify(blocks.links);
  return (
    <div class="markdown">
      {blocks.map((token, index) => (
        <Block key={index} token={token} definitions={definitions} depth={0} />
      ))}
    </div>
  );
}

interface BlockProps {
  token: MarkdownToken;
  /** Where references lead; they are mostly told after what refers to them. */
  definitions: string | undefined;
  depth: number;
}

/**
 * A block is made anew only when its source changed, or what it may refer to: of an answer being written,
 * that is the last one.
 */
class Block extends Component<BlockProps> {
  override shouldComponentUpdate({ token, definitions }: BlockProps): boolean {
    const { token: known } = this.props;
    return token.raw !== known.raw || token.type !== known.type || definitions !== this.props.definitions;
  }

  override render() {
    return block(this.props);
  }
}

function block({ token, definitions, depth }: BlockProps): ComponentChildren {
  if (depth > DEEPEST) return <p class="plain">{token.raw}</p>;
  const inside = (tokens: Token[] = []) =>
    tokens.map((child, index) => (
      <Block key={index} token={child} definitions={definitions} depth={depth + 1} />
    ));
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading": {
      // The page has headings of its own above.
      const Name = `h${Math.min(6, (token as Tokens.Heading).depth + 2)}` as "h3";
      return <Name>{inline(token.tokens)}</Name>;
    }
    case "paragraph":
      return <p>{inline(token.tokens)}</p>;
    case "text":
      return token.tokens ? inline(token.tokens) : decodeEntities(token.text as string);
    case "code":
      return <CodeBlock code={token.text as string} language={firstWord((token as Tokens.Code).lang)} />;
    case "blockquote":
      return <blockquote>{inside(token.tokens)}</blockquote>;
    case "list":
      return list(token as Tokens.List, inside);
    case "table":
      return <Table table={token as Tokens.Table} cell={inline} />;
    case "hr":
      return <hr />;
    case "formula":
      return <Formula source={token["text"] as string} display />;
    case "html":
      return COMMENT.test(token.raw) ? null : <p class="plain">{token.raw.trim()}</p>;
    default:
      return <p>{inline([token])}</p>;
  }
}

function list(token: Tokens.List, inside: (tokens: Token[]) => VNode[]): VNode {
  const items = token.items.map((item, index) => (
    <li key={index} class={item.task ? "task" : undefined}>
      {item.task && <input type="checkbox" checked={item.checked ?? false} disabled aria-label="Task" />}
      {inside(item.tokens.filter(({ type }) => type !== "checkbox"))}
    </li>
  ));
  if (!token.ordered) return <ul>{items}</ul>;
  return <ol start={token.start === "" ? undefined : token.start}>{items}</ol>;
}

/** A comment and nothing else; one that has no end, or text behind it, is text. */
const COMMENT = /^\s*<!--(?:(?!-->)[^])*-->\s*$/;

/** Tags that shape text and nothing else; with an attribute, they are text like any other. */
const SHAPES = /^<(b|i|em|strong|sub|sup|kbd|mark|u|s|del|ins|small|code|q)>$/i;

function inline(tokens: Token[] = [], depth = 0): ComponentChildren[] {
  const shown: ComponentChildren[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (!token) continue;
    const shape = token.type === "html" ? SHAPES.exec(token.raw)?.[1]?.toLowerCase() : undefined;
    const end = shape
      ? tokens.findIndex(({ raw }, index) => index > at && raw.toLowerCase() === `</${shape}>`)
      : -1;
    if (shape && end > 0 && depth <= DEEPEST) {
      const Shape = shape as "b";
      shown.push(<Shape>{inline(tokens.slice(at + 1, end), depth + 1)}</Shape>);
      at = end;
    } else shown.push(one(token, depth));
  }
  return shown;
}

function one(token: Token, depth: number): ComponentChildren {
  if (depth > DEEPEST) return token.raw;
  const children = "tokens" in token ? token.tokens : undefined;
  const inside = () => inline(children, depth + 1);
  switch (token.type) {
    case "strong":
      return <strong>{inside()}</strong>;
    case "em":
      return <em>{inside()}</em>;
    case "del":
      return <del>{inside()}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "link":
      return link(token as Tokens.Link, inside());
    case "image":
      return picture(token as Tokens.Image);
    case "formula":
      return <Formula source={token["text"] as string} display={token["display"] as boolean} />;
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw) ? <br /> : token.raw.startsWith("<!--") ? null : token.raw;
    case "checkbox":
      return null;
    default:
      return children ? inside() : decodeEntities((token as Tokens.Text).text ?? token.raw);
  }
}

function link({ href }: Tokens.Link, children: ComponentChildren) {
  const safe = safeLink(href);
  if (!safe) return <span title={href}>{children}</span>;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function picture({ href, text }: Tokens.Image) {
  if (isOwnPicture(href)) return <img src={href} alt={text} />;
  const name = text || "picture";
  return link({ href } as Tokens.Link, `[${name}]`);
}

const firstWord = (info = ""): string => /^[\w+#.-]+/.exec(info.trim())?.[0].toLowerCase() ?? "";
