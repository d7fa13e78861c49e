import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type AxeResults, source } from "axe-core";
import type { Page } from "playwright-core";
import { TestBrowser } from "../support/browser.ts";
import { HubServer, twoModels } from "../support/hub-server.ts";
import { ask, goTo, wholeAnswer } from "../support/page.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

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

test("a screen reader hears that an answer has begun and is done, and nothing of those elsewhere", async () => {
  await using server = await startServer({ pieces: Array(3000).fill("word "), decodeMs: 10 });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByText("What would you like to know?").waitFor();
  const status = page.locator(".chat > [role=status]");
  await ask(page, "Go on");
  await status.filter({ hasText: "The answer is being written" }).waitFor();
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByText("What would you like to know?").waitFor();
  await page.getByRole("link", { name: "Go on", exact: true }).click();
  await page.getByText("word word").waitFor();
  expect(await status.textContent()).toBe("");
  await page.getByRole("textbox", { name: "Message" }).press("Escape");
  await status.filter({ hasText: "The answer is complete" }).waitFor();
  expect(tab.trouble).toEqual([]);
});

test("a new conversation takes the cursor at once, and not from somebody who has gone on", async () => {
  await using server = await startServer({ pieces: ["Hello."] });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "Hello");
  await wholeAnswer(page);
  const cursor = await page.evaluate(async () => {
    const old = document.getElementById("prompt");
    const drawn = new Promise<void>((resolve) => {
      new MutationObserver(() => {
        const next = document.getElementById("prompt");
        if (next && next !== old) resolve();
      }).observe(document.body, { childList: true, subtree: true });
    });
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "O", ctrlKey: true, shiftKey: true }));
    await drawn;
    const at = [document.activeElement?.id];
    document.getElementById("search")?.focus();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return [...at, document.activeElement?.id];
  });
  expect(cursor).toEqual(["prompt", "search"]);
  expect(tab.trouble).toEqual([]);
});

test("the focus stays near what went away under it", async () => {
  await using server = await startServer({ pieces: Array(3000).fill("word "), decodeMs: 10 });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const press = (name: string | RegExp) => page.getByRole("button", { name }).last().press("Enter");
  const focusIsOn = (label: string) =>
    page.waitForFunction(
      (wanted) =>
        (document.activeElement?.getAttribute("aria-label") ??
          document.activeElement?.getAttribute("aria-labelledby")) === wanted,
      label,
    );
  await ask(page, "Go on");
  await page.getByText("word word").waitFor();
  await press("Stop the answer");
  await focusIsOn("Message");
  server.engine.script.pieces = ["short"];
  await press("Answer again");
  await wholeAnswer(page);
  await focusIsOn("Message");
  await press("Edit question");
  await focusIsOn("Question");
  await page.keyboard.press("Escape");
  await focusIsOn("Copy question");
  await press("Delete answer and what follows");
  await press("Undo");
  await page.getByText("short").waitFor();
  const list = page.getByRole("region", { name: "Conversations" });
  await list.getByRole("button", { name: "Options of Go on" }).press("Enter");
  await page.getByRole("menuitem", { name: "Rename" }).press("Enter");
  await focusIsOn("Title of the conversation");
  await page.keyboard.type("Going on");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.getAttribute("title") === "Going on");
  await goTo(page, "models");
  await press("Undeploy test-model");
  await page.getByText("Nothing is deployed.").waitFor();
  await focusIsOn("deployed-title");
  expect(tab.trouble).toEqual([]);
});

/** What the scan calls serious or worse. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const { violations } = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations'] })");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

const ANSWER = [
  "## Title\n\n`code`, [link](https://example.org), $x^2$\n\n",
  "```js\nlet a = 'b'; // c\n```\n\n",
  "|a|b|\n|-|-|\n|1|2|\n\n> quoted\n\n- [x] done\n",
];

test.each(["light", "dark"] as const)(
  "nothing is hard to perceive or to reach, in %s",
  async (colorScheme) => {
    const [small] = await twoModels();
    await using at = await HubServer.start((hub) => {
      hub.add("user/repo", { files: { "m-Q4_K_M.gguf": small } });
      hub.add("user/gated", { files: { "m-Q4_K_M.gguf": small }, gated: "auto" });
    });
    at.server.engine.script.pieces = ANSWER;
    await using tab = await browser.open(at.url, { colorScheme });
    const { page } = tab;
    const clean = async () => expect(await findings(page)).toEqual([]);
    const press = (name: string | RegExp) => page.getByRole("button", { name }).click();

    await page.getByText("No model is deployed").waitFor();
    await clean();
    await page.getByRole("button", { name: "Deploy guide" }).hover();
    await clean();
    const gate = Promise.withResolvers<void>();
    at.server.engine.script.loadGate = gate.promise;
    await at.deploy("user/repo");
    await page.getByRole("button", { name: "Model: repo 50 %" }).waitFor();
    await clean();
    gate.resolve();
    await page.getByText("What would you like to know?").waitFor();
    await clean();
    await ask(page, "Hello");
    await (await wholeAnswer(page)).locator(".hljs-keyword").waitFor();
    await clean();
    for (const name of ["Settings", "Show this request as code", "Keyboard shortcuts", "API key"]) {
      await press(name);
      await page.getByRole("dialog").waitFor();
      await clean();
      await page.keyboard.press("Escape");
    }
    for (const name of [/^Model:/, "Options of Hello"]) {
      await press(name);
      await page.getByRole("menu").waitFor();
      await clean();
      await page.keyboard.press("Escape");
    }

    await goTo(page, "models");
    await page.getByRole("combobox", { name: "Model" }).fill("user/repo");
    await page.getByText("Options").click();
    await page.locator(".estimate .badge").waitFor();
    await page.getByRole("searchbox", { name: "Search the hub" }).fill("user");
    await page.keyboard.press("Enter");
    await page.getByRole("article", { name: "user/gated" }).waitFor();
    await clean();

    at.server.engine.script.pieces = Array(3000).fill("word ");
    at.server.engine.script.decodeMs = 10;
    const body = { model: "user/repo", messages: [{ role: "user", content: "Go on" }] };
    const running = at.post("/v1/chat/completions", body);
    await goTo(page, "system");
    await page.getByText("watchdog.restarts").waitFor();
    await page.getByRole("row", { name: /Answering/ }).waitFor();
    await clean();
    await press(/^Cancel/);
    await running;
    expect(tab.trouble).toEqual([]);
  },
);
