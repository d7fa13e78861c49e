import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { TestBrowser } from "../support/browser.ts";
import { ask, wholeAnswer } from "../support/page.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

/** Each would do harm, or reach out, if anything of it were taken for markup or for a safe address. */
const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  '<img src="http://127.0.0.1:9/pixel.gif">',
  "![spy](http://127.0.0.1:9/spy.png)",
  "![spy](/undeploy?model_name=guide)",
  "![spy](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDMpIi8+)",
  "[run](javascript:alert(4)) [run](JaVaScRiPt&colon;alert(5)) [run](&#106;avascript:alert(6))",
  "[run](data:text/html,<script>alert(7)</script>) [run](vbscript:x) [here](/undeploy)",
  '<a href="javascript:alert(8)">run</a> <svg/onload=alert(9)> <iframe src="javascript:alert(10)"></iframe>',
  '<form action="/undeploy"><button formaction="javascript:alert(11)">go</button></form>',
  '<style>body { display: none }</style><div style="position:fixed;inset:0">over</div>',
  "<b onmouseover=alert(12)>bold</b> <b>plain bold</b> <base href=http://127.0.0.1:9/>",
  "<details open ontoggle=alert(13)><summary>x</summary></details>",
  '<math><mtext><table><mglyph><style><img src=x onerror="alert(14)">',
  "$\\href{javascript:alert(15)}{x}$ $\\includegraphics{http://127.0.0.1:9/y.png}$ $\\htmlClass{app}{z}$",
  "$\\def\\a{\\a\\a}\\a$",
  '```js" onload="alert(16)\n</code></pre><script>alert(17)</script>\n```',
  "```<img src=x onerror=alert(18)>\ncode\n```",
  "| a | <img src=x onerror=alert(19)> |\n|---|---|\n| <script>alert(20)</script> | x |",
  "[ref]: javascript:alert(21)\n\n[ref]",
  "<http://127.0.0.1:9/auto> <javascript:alert(22)>",
  "&lt;script&gt;alert(23)&lt;/script&gt; &#0; &#xffffff; \u202eevil",
].join("\n\n");

test("what a model writes is never run, never fetched, and leads nowhere but to the web", async () => {
  await using server = await startServer({ pieces: HOSTILE.match(/[\s\S]{1,7}/g) ?? [] });
  await using tab = await browser.open(server.url);
  await ask(tab.page, "Harm me");
  const answer = await wholeAnswer(tab.page);
  await answer.locator(".katex, .katex-error").first().waitFor();
  const text = answer.locator(".markdown");
  expect(await text.locator("script, iframe, style, form, object, embed, base, img").count()).toBe(0);
  // But for what KaTeX draws, no element has an attribute that could act.
  const attributes = await text.evaluate((root) =>
    [...root.querySelectorAll("*")].flatMap((node) =>
      [...node.attributes].filter(({ name }) => name.startsWith("on")).map(({ name }) => name),
    ),
  );
  expect(attributes).toEqual([]);
  const links = await text
    .locator("a")
    .evaluateAll((all) =>
      all.map((link) => ({ href: link.getAttribute("href") ?? "", rel: link.getAttribute("rel") ?? "" })),
    );
  expect(links.length).toBeGreaterThan(0);
  for (const { href, rel } of links) {
    expect(href).toMatch(/^(?:https?|mailto):/);
    expect(rel).toContain("noopener");
  }
  // It is told, not hidden.
  expect(await text.textContent()).toContain("<script>alert(1)</script>");
  // The page still works, and the body was not styled away.
  expect(await tab.page.getByRole("button", { name: "Send", exact: true }).isVisible()).toBe(true);
  expect(tab.trouble).toEqual([]);
});

test("a huge table shows its first rows, and the rest when asked, and says what columns it lacks", async () => {
  const rows = Array.from({ length: 3000 }, (_, row) => `| ${row} | ${"x".repeat(row % 40)} |`);
  const wide = `${"| c ".repeat(400)}|\n${"|---".repeat(400)}|\n${"| v ".repeat(400)}|`;
  const table = ["| n | x |", "|---|---|", ...rows, "", wide].join("\n");
  await using server = await startServer({ pieces: table.match(/[\s\S]{1,2000}/g) ?? [] });
  await using tab = await browser.open(server.url);
  await ask(tab.page, "A table");
  const answer = await wholeAnswer(tab.page);
  expect(await answer.locator("table").first().locator("tbody tr").count()).toBe(200);
  await answer.getByRole("button", { name: "Show 2,800 more rows" }).click();
  expect(await answer.locator("table").first().locator("tbody tr").count()).toBe(3000);
  expect(await answer.locator("table").nth(1).locator("th").count()).toBe(50);
  await answer.getByText("350 more columns can not be shown").waitFor();
  // It scrolls by itself; the page does not grow wider.
  const overflow = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  expect(tab.trouble).toEqual([]);
});

test("an answer that is slow to read stands there whole as soon as it has ended", async () => {
  const slow = Array.from(
    { length: 4000 },
    (_, item) => `- *item* ${item} [of](https://example.com) \`many\`\n`,
  );
  // The last words come while the page rests from reading what was before them.
  await using server = await startServer({ pieces: [slow.join(""), "\nthe", " end"], decodeMs: 40 });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const ended = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        new MutationObserver(() => {
          if (document.querySelector('[aria-label="Answer again"]'))
            resolve(document.querySelector(".answer-text")?.textContent?.slice(-20) ?? "");
        }).observe(document.body, { childList: true, subtree: true });
      }),
  );
  await ask(page, "A list");
  expect(await ended).toEndWith("the end");
  expect(tab.trouble).toEqual([]);
});

test("broken and bottomless Markdown still shows as text", async () => {
  const broken = [
    "**unclosed *mixed` [link](  \n",
    "```\nnever closed\n",
    `${">".repeat(5000)} deep\n\n`,
    `${"[".repeat(3000)}\n\n`,
    `${"*a_ ".repeat(2000)}\n\n`,
    `${"- ".repeat(500)}x\n\n`,
    "| a |\n|--\n\n$$ \\frac{1 $$\n\n",
    `${"A".repeat(20_000)}\n\n`,
    "the end",
  ];
  for (const pieces of [broken, broken.toReversed()]) {
    await using server = await startServer({ pieces });
    await using tab = await browser.open(server.url);
    await ask(tab.page, "Break");
    const answer = await wholeAnswer(tab.page);
    expect(await answer.locator(".markdown").textContent()).toContain("the end");
    expect(tab.trouble).toEqual([]);
  }
});

test("a hostile file name, title and error message are text as well", async () => {
  await using server = await startServer({ failAt: { index: 0, error: new Error("boom") } });
  await using tab = await browser.open(server.url, {}, /500/);
  const name = "<img src=x onerror=alert(1)>.txt";
  await tab.page
    .getByLabel("Files to attach")
    .setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from("x") });
  await ask(tab.page, "<script>alert(2)</script>");
  await wholeAnswer(tab.page);
  await tab.page.getByRole("alert").getByText("The engine failed").waitFor();
  await tab.page.getByText(name).waitFor();
  // Of an answer without figures, the model is still told; text beside the spans would be cut off.
  expect(await tab.page.locator(".facts > span").allTextContents()).toEqual(["test-model"]);
  expect(await tab.page.title()).toStartWith("<script>alert(2)</script>");
  expect(tab.trouble).toEqual([]);
});

test("a comment is hidden, and nothing behind or before it; code is shown as it is written", async () => {
  const answer = [
    "<!-- nothing to see -->\n\n",
    "<!-- note --> Hello **world**\n\n",
    "Write `&lt;` for it.\n\n",
    "<!-- never closed\n\n# Heading\n\ntext text",
  ];
  await using server = await startServer({ pieces: answer });
  await using tab = await browser.open(server.url);
  await ask(tab.page, "How?");
  const shown = (await (await wholeAnswer(tab.page)).locator(".answer-text").textContent()) ?? "";
  expect(shown).not.toContain("nothing to see");
  for (const text of ["Hello **world**", "Write &lt; for it.", "never closed", "Heading", "text text"])
    expect(shown).toContain(text);
  expect(tab.trouble).toEqual([]);
});
