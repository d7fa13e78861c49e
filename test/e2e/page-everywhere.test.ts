import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import { type Tab, TestBrowser } from "../support/browser.ts";
import { ask, goTo, wholeAnswer } from "../support/page.ts";
import { startServer, type TestServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** What the browser tells of a layout that moved, which the compiler's types lack. */
interface Shift {
  value: number;
  hadRecentInput: boolean;
}

interface Shifted {
  shifted: number;
}

test("nothing jumps while an answer is written, and when it is done", async () => {
  const answer = [
    "A beginning.\n\n## Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "```js\nlet a = 1;\n```\n\n$$\\frac{1}{2}$$\n\nThe end of it.",
  ];
  const pieces = answer.join("").match(/[\s\S]{1,3}/g) ?? [];
  await using server = await startServer({ pieces, decodeMs: 15 });
  for (const options of [{}, PHONE]) {
    await using tab = await browser.open(server.url, options);
    const { page } = tab;
    await page.getByText("What would you like to know?").waitFor();
    await page.evaluate(() => {
      Object.assign(globalThis, { shifted: 0 });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & Shift)[])
          // What a click or a key brings about is no jump.
          if (!entry.hadRecentInput) (globalThis as unknown as Shifted).shifted += entry.value;
      }).observe({ type: "layout-shift" });
    });
    await ask(page, "Stay where you are");
    await (await wholeAnswer(page)).locator(".katex").waitFor();
    await page.waitForTimeout(300);
    // Up to 0.1 counts as good; a first formula, whose chunk has yet to come, moves the line below it by 0.001.
    expect(await page.evaluate(() => (globalThis as unknown as Shifted).shifted)).toBeLessThan(0.01);
    expect(tab.trouble).toEqual([]);
  }
});

test("the drawer takes the cursor for its search at once, and is gone where there is room beside", async () => {
  await using server = await startServer();
  const narrow = { viewport: { width: 700, height: 800 }, reducedMotion: "no-preference" as const };
  await using tab = await browser.open(server.url, narrow);
  const { page } = tab;
  await page.getByText("What would you like to know?").waitFor();
  await page.getByRole("textbox", { name: "Message" }).focus();
  await page.keyboard.press("Control+k");
  await page.waitForFunction(() => document.activeElement?.id === "search");
  await page.setViewportSize({ width: 1200, height: 800 });
  await page.locator(".scrim").waitFor({ state: "detached" });
  const box = await page.locator("#main").boundingBox();
  expect(box).toMatchObject({ y: 0 });
  expect(box?.width).toBeGreaterThan(800);
  expect(tab.trouble).toEqual([]);
});

test("the open drawer keeps the focus, and gives it back to its button", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url, { viewport: { width: 700, height: 800 } });
  const { page } = tab;
  await page.getByText("What would you like to know?").waitFor();
  const button = page.getByRole("button", { name: "Sidebar" });
  const place = () =>
    page.evaluate(() => document.activeElement?.closest(".sidebar, .main, .skip, body")?.className);
  expect(await button.getAttribute("aria-expanded")).toBe("false");
  await button.press("Enter");
  await page.waitForFunction(() => document.activeElement?.matches(".sidebar nav a"));
  for (let tabs = 0; tabs < 30; tabs++) {
    expect(await place()).not.toBe("main");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.matches(".sidebar-button"));
  expect(await button.getAttribute("aria-expanded")).toBe("false");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "New conversation" }).press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "prompt");
  await page.keyboard.type("It is writable");
  await page.keyboard.press("Enter");
  await wholeAnswer(page);
  await page.keyboard.press("Control+Shift+O");
  await page.getByText("What would you like to know?").waitFor();
  // Wherever one goes in it, the cursor is where one writes.
  await button.press("Enter");
  await page.getByRole("link", { name: "It is writable" }).press("Enter");
  await page.locator(".bubble").waitFor();
  await page.waitForFunction(() => document.activeElement?.id === "prompt");
  expect(tab.trouble).toEqual([]);
});

test("on a phone everything fits, and the drawer leads around", async () => {
  const wide = `\n\n\`\`\`js\nlet a = "${"long ".repeat(50)}";\n\`\`\`\n\n|${" cell |".repeat(9)}\n|${"-|".repeat(9)}\n\n`;
  const pieces = ["A rather ", "long answer. ".repeat(40), wide, "unbroken".repeat(30)];
  const deploy = `some-user/${"A-Rather-Long-Name-".repeat(4)}GGUF:Q4_K_M`;
  await using server = await startServer({ pieces }, { deploy });
  await using tab = await browser.open(server.url, PHONE);
  const { page } = tab;
  await page.getByText("What would you like to know?").waitFor();
  expect(await tooWide(page)).toEqual([]);
  await ask(page, "Hello from a phone");
  await wholeAnswer(page);
  expect(await tooWide(page)).toEqual([]);
  for (const name of ["Settings", "Show this request as code"]) {
    await page.getByRole("button", { name }).click();
    await page.waitForTimeout(300);
    expect(await tooWide(page)).toEqual([]);
    await page.keyboard.press("Escape");
  }
  server.engine.script.decodeMs = 5000;
  const abort = new AbortController();
  const messages = [{ role: "user" as const, content: "Go on" }];
  const running = server.client.chat.completions
    .create({ model: deploy, messages }, { signal: abort.signal })
    .catch(() => {});
  for (const view of ["models", "system"] as const) {
    await page.getByRole("button", { name: "Sidebar" }).click();
    await goTo(page, view);
    await page.getByRole("heading", { name: new RegExp(`^${view}$`, "i") }).waitFor();
    expect(await tooWide(page)).toEqual([]);
  }
  await page.getByRole("row", { name: /Answering/ }).waitFor();
  expect(await tooWide(page)).toEqual([]);
  abort.abort();
  await running;
  await page.getByRole("button", { name: "Sidebar" }).click();
  await page.getByRole("link", { name: "Hello from a phone" }).click();
  await page.getByText("A rather long answer.").waitFor();
  expect(tab.trouble).toEqual([]);
});

/** What stands out of the screen on the right, but for what scrolls by itself there. */
const tooWide = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll("main *, dialog *")]
      .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
      .filter((node) => !node.closest(".table:not(.requests) *, pre *, .formula *"))
      .map((node) => `${node.tagName} ${node.className}`),
  );

test("light and dark follow the system until somebody chooses, and the choice stays", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url, { colorScheme: "dark" });
  const { page } = tab;
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const press = (name: string) => page.getByRole("button", { name }).click();
  await page.getByText("What would you like to know?").waitFor();
  const dark = await ground();
  await press("Theme: as the system");
  const light = await ground();
  expect(light).not.toBe(dark);
  await page.reload();
  await page.getByText("What would you like to know?").waitFor();
  expect(await ground()).toBe(light);
  await press("Theme: light");
  expect(await ground()).toBe(dark);
  await press("Theme: dark");
  await page.emulateMedia({ colorScheme: "light" });
  expect(await ground()).toBe(light);
  expect(tab.trouble).toEqual([]);
});

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

test("what was asked for in vain while the server was away comes when it is back", async () => {
  let server = await startServer();
  const { port } = server;
  await using tab = await browser.open(server.url, {}, /ERR_|Failed to load/);
  const { page } = tab;
  const banner = page.getByRole("alert").getByText("The server is away");
  const leave = async () => {
    await server.stop();
    await banner.waitFor();
  };
  const comeBack = async () => {
    server = await startServer({}, { port });
    await banner.waitFor({ state: "detached" });
  };
  try {
    await page.getByText("Live", { exact: true }).waitFor();
    await leave();
    await goTo(page, "models");
    await page.getByText("could not be loaded").waitFor();
    await comeBack();
    await page.getByRole("heading", { name: "Models" }).waitFor();
    await leave();
    const verdict = page.locator(".estimate");
    await page.getByRole("combobox", { name: "Model" }).fill("user/repo");
    await verdict.getByText("The server does not answer").waitFor();
    await comeBack();
    await verdict.getByText("Fits", { exact: true }).waitFor();
    await goTo(page, "system");
    await page.getByText("watchdog.restarts").waitFor();
    await goTo(page, "chat");
    await leave();
    await goTo(page, "system");
    const configuration = page.getByRole("region", { name: "Configuration in force" });
    await configuration.getByText("The server does not answer").waitFor();
    await comeBack();
    await page.getByText("watchdog.restarts").waitFor();
    await page.getByText("Berth 0.0.0-test").waitFor();
    expect(await configuration.getByText("The server does not answer").count()).toBe(0);
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
