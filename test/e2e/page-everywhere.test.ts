import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type AxeResults, source } from "axe-core";
import type { Page } from "playwright-core";
import { type Tab, TestBrowser } from "../support/browser.ts";
import { ask, goTo, wholeAnswer } from "../support/page.ts";
import { startServer, type TestServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

test("keyboard alone is enough to ask, stop, search, settle, and find the way around", async () => {
  await using server = await startServer({ pieces: Array(3000).fill("word "), decodeMs: 10 });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  await page.getByText("What would you like to know?").waitFor();
  expect(await focused()).toBe("Message");
  await page.keyboard.type("first line");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("second line");
  await page.keyboard.press("Enter");
  await page.getByText("word word").waitFor();
  await page.keyboard.press("Escape");
  await wholeAnswer(page);
  expect(await page.locator(".bubble").textContent()).toBe("first line\nsecond line");
  await page.keyboard.press("Control+Shift+O");
  await page.getByText("What would you like to know?").waitFor();
  await page.keyboard.press("Control+k");
  await page.waitForFunction(() => document.activeElement?.id === "search");
  await page.keyboard.type("first");
  // From the search: import, export, the conversation.
  for (let tabs = 0; tabs < 3; tabs++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(".bubble").waitFor();
  await page.keyboard.press("Control+b");
  await page.getByRole("searchbox", { name: "Search conversations" }).waitFor({ state: "hidden" });
  await page.keyboard.press("Control+b");
  await page.keyboard.press("Alt+2");
  await page.getByRole("heading", { name: "Models" }).waitFor();
  await page.keyboard.press("Alt+3");
  await page.getByRole("heading", { name: "System" }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Alt+1");
  await page.getByRole("button", { name: /^Model:/ }).press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Escape");
  expect(await focused()).toBe("Model: test-model");
  expect(tab.trouble).toEqual([]);
});

test("on a phone everything fits, and the drawer leads around", async () => {
  await using server = await startServer({ pieces: ["A rather ", "long answer. ".repeat(40)] });
  await using tab = await browser.open(server.url, PHONE);
  const { page } = tab;
  await ask(page, "Hello from a phone");
  await wholeAnswer(page);
  expect(await tooWide(page)).toEqual([]);
  for (const view of ["models", "system"] as const) {
    await page.getByRole("button", { name: "Sidebar" }).click();
    await goTo(page, view);
    await page.getByRole("heading", { name: new RegExp(`^${view}$`, "i") }).waitFor();
    expect(await tooWide(page)).toEqual([]);
  }
  await page.getByRole("button", { name: "Sidebar" }).click();
  await page.getByRole("link", { name: "Hello from a phone" }).click();
  await page.getByText("A rather long answer.").waitFor();
  expect(tab.trouble).toEqual([]);
});

/** What stands out of the screen on the right. */
const tooWide = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    document.documentElement.scrollWidth <= innerWidth
      ? []
      : [...document.querySelectorAll("main *")]
          .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
          .map((node) => `${node.tagName} ${node.className}`),
  );

/** What the scan calls serious or worse. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const { violations } = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations'] })");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

test.each(["light", "dark"] as const)(
  "nothing is hard to perceive or to reach, in %s",
  async (colorScheme) => {
    const pieces = [
      "## Title\n\n`code`, [link](https://example.org)\n\n",
      "```js\nlet a = 'b'; // c\n```\n\n",
      "|a|b|\n|-|-|\n|1|2|\n",
    ];
    await using server = await startServer({ pieces });
    await using tab = await browser.open(server.url, { colorScheme });
    const { page } = tab;
    await page.getByText("What would you like to know?").waitFor();
    expect(await findings(page)).toEqual([]);
    await ask(page, "Hello");
    await (await wholeAnswer(page)).locator(".hljs-keyword").waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Settings" }).click();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Model:/ }).click();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await goTo(page, "models");
    await page.getByRole("article", { name: "test-model" }).waitFor();
    expect(await findings(page)).toEqual([]);
    await goTo(page, "system");
    await page.getByText("watchdog.restarts").waitFor();
    expect(await findings(page)).toEqual([]);
    expect(tab.trouble).toEqual([]);
  },
);

test("the page tells that the server is away, and recovers by itself", async () => {
  let server: TestServer = await startServer();
  const { port } = server;
  await using tab: Tab = await browser.open(server.url, {}, /ERR_|Failed to load/);
  const { page } = tab;
  await page.getByText("Live", { exact: true }).waitFor();
  await server.stop();
  await page.getByRole("alert").getByText("The server is away").waitFor();
  await ask(page, "Anyone there?");
  await page.getByText("The server does not answer").waitFor();
  server = await startServer({}, { port });
  try {
    await page.getByRole("button", { name: "Try now" }).click();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("The server is away").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Answer again" }).click();
    await page.getByText("Hello world").waitFor();
  } finally {
    await server.stop();
  }
  expect(tab.trouble).toEqual([]);
});

test("a key is asked for when the server wants one, and goes along from then on", async () => {
  await using server = await startServer();
  await using tab = await browser.open("about:blank", {}, /401/);
  const { page } = tab;
  const KEY = "a-secret";
  const given: string[] = [];
  // This server has no keys yet, so a guard stands before it.
  await page.route(/\/(?:status|events|v1\/.*)$/, async (route) => {
    const header = (await route.request().headerValue("authorization")) ?? "";
    if (header === `Bearer ${KEY}`) {
      given.push(route.request().url());
      return route.continue();
    }
    const error = {
      message: "Missing key",
      type: "invalid_request_error",
      param: null,
      code: "invalid_api_key",
    };
    return route.fulfill({ status: 401, json: { error } });
  });
  await page.goto(server.url);
  const dialog = page.getByRole("dialog", { name: "API key" });
  await dialog.getByLabel("Key").fill("wrong");
  await dialog.getByRole("button", { name: "Use this key" }).click();
  await dialog.getByText("does not accept this key").waitFor();
  await dialog.getByLabel("Key").fill(KEY);
  await dialog.getByRole("button", { name: "Use this key" }).click();
  await page.getByText("Live", { exact: true }).waitFor();
  await ask(page, "Hello");
  await wholeAnswer(page);
  await page.reload();
  await page.getByText("Live", { exact: true }).waitFor();
  expect(given.some((url) => url.endsWith("/v1/chat/completions"))).toBe(true);
});

test("what the page loads before a chat is below 200 KB, and nothing of what comes later", async () => {
  await using server = await startServer();
  await using tab = await browser.open("about:blank");
  const loaded: { path: string; bytes: number }[] = [];
  tab.page.on("requestfinished", async (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/events")) return;
    const { responseBodySize } = await request.sizes();
    loaded.push({ path: pathname, bytes: responseBodySize });
  });
  await tab.page.goto(server.url);
  await tab.page.getByText("What would you like to know?").waitFor();
  await tab.page.waitForTimeout(300);
  expect(loaded.length).toBeGreaterThan(2);
  expect(loaded.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(200_000);
  expect(loaded.filter(({ path }) => /katex|pdf|highlighter|formulas|chart|uplot/i.test(path))).toEqual([]);
});
