import { describe, expect, test } from "bun:test";
import { codeSpans } from "../../public/lib/highlight.ts";
import {
  decodeEntities,
  type FormulaToken,
  isOwnPicture,
  type MarkdownToken,
  parseMarkdown,
  safeLink,
} from "../../public/lib/markdown.ts";

function formulas(text: string): FormulaToken[] {
  const found: FormulaToken[] = [];
  const walk = (tokens: MarkdownToken[]) => {
    for (const token of tokens) {
      if (token.type === "formula") found.push(token as FormulaToken);
      if ("tokens" in token && token.tokens) walk(token.tokens);
    }
  };
  walk(parseMarkdown(text));
  return found;
}

describe("formulas", () => {
  test.each([
    ["$x^2$", "x^2", false],
    ["so \\(a+b\\) is", "a+b", false],
    ["$$\nE = mc^2\n$$", "E = mc^2", true],
    ["\\[ \\frac{1}{2} \\]", "\\frac{1}{2}", true],
    ["text $$y$$ text", "y", true],
    ["$a\\$b$", "a\\$b", false],
  ])("%j holds the formula %j", (source, text, display) => {
    expect(formulas(source).map((token) => [token.text, token.display])).toEqual([[text, display]]);
  });

  test.each(["$5 and $6", "it costs 5$ or 6$", "a $ b $ c", "`$x$`", "```\n$x$\n```", "$", "$$", "\\$x\\$"])(
    "%j holds none",
    (source) => expect(formulas(source)).toEqual([]),
  );
});

describe("links", () => {
  test.each([
    ["https://example.org/a?b=c", "https://example.org/a?b=c"],
    ["http://example.org", "http://example.org/"],
    ["mailto:a@example.org", "mailto:a@example.org"],
    ["javascript:alert(1)", null],
    ["JaVaScRiPt:alert(1)", null],
    ["&#106;avascript:alert(1)", null],
    ["java\nscript:alert(1)", null],
    ["vbscript:x", null],
    ["data:text/html,x", null],
    ["file:///etc/passwd", null],
    ["/undeploy", null],
    ["#/models", null],
    ["//example.org", null],
  ])("%j leads to %j", (href, to) => expect(safeLink(href)).toBe(to));

  test("only a picture that is its own data is shown", () => {
    expect(isOwnPicture("data:image/png;base64,AAAA")).toBe(true);
    for (const href of [
      "http://x/y.png",
      "/icon.png",
      "data:image/svg+xml;base64,AAAA",
      "data:text/html;base64,AA",
    ])
      expect(isOwnPicture(href)).toBe(false);
  });
});

test("character references are read once, and unknown ones left alone", () => {
  expect(decodeEntities("&constructor;")).toBe("&constructor;");
  expect(decodeEntities("a &lt; b &amp;amp; &#65;&#x42; &hellip; &nosuch; & &#0; &#xFFFFFF;")).toBe(
    "a < b &amp; AB … &nosuch; & \ufffd \ufffd",
  );
});

test("text that would exhaust the stack is one paragraph", () => {
  const deep = `${">".repeat(200_000)} x`;
  expect(parseMarkdown(deep)).toMatchObject([{ type: "paragraph", text: deep }]);
  expect(parseMarkdown("> > a")[0]?.type).toBe("blockquote");
});

test("highlighted code is taken apart without being read as markup", () => {
  const markup =
    '<span class="hljs-a">let &lt;b&gt; <span class="hljs-s">&quot;x&#x27;&amp;lt;</span></span> end';
  expect(codeSpans(markup)).toEqual([
    { scope: "hljs-a", text: "let <b> " },
    { scope: "hljs-a hljs-s", text: "\"x'&lt;" },
    { scope: "", text: " end" },
  ]);
});
