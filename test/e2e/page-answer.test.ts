import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { TestBrowser } from "../support/browser.ts";
import { ask, wholeAnswer } from "../support/page.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

test("what refers to a link becomes one when the link is defined, however late that is", async () => {
  const blanks = Array<string>(3000).fill("\n");
  const definitions = ["[1]: https://", "example.org/a\n", "[2]: https://example.org/b\n"];
  const pieces = ["See [the docs][1].\n\n", "> - and [more][2]\n", ...blanks, ...definitions];
  await using server = await startServer({ pieces, decodeMs: 10 });
  await using tab = await browser.open(server.url);
  await ask(tab.page, "Where is it told?");
  await tab.page.getByText("See [the docs][1].").waitFor();
  await tab.page.getByText("and [more][2]").waitFor();
  server.engine.script.decodeMs = 0;
  const answer = await wholeAnswer(tab.page);
  for (const [name, href] of [
    ["the docs", "https://example.org/a"],
    ["more", "https://example.org/b"],
  ] as const)
    await answer
      .getByRole("link", { name })
      .and(tab.page.locator(`[href="${href}"]`))
      .waitFor();
  expect(tab.trouble).toEqual([]);
});
