import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { TestBrowser } from "../support/browser.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

test("what a dialog has to say in passing is told in it, and can be dismissed there", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByText("What would you like to know?").waitFor();
  await page.getByRole("button", { name: "Settings" }).click();
  // Else it could be gone before a slow machine comes to look at it.
  await page.evaluate(
    "setTimeout = ((real) => (what, ms) => real(what, ms === 4000 ? 6e5 : ms))(setTimeout)",
  );
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Begin new conversations like this" }).click();
  const notice = page.getByText("New conversations begin with these settings.");
  await notice.waitFor();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await notice.waitFor({ state: "detached" });
  // Whoever dismissed it by a key goes on in the dialog.
  await page.waitForFunction(() => document.activeElement?.closest("dialog"));
  await dialog.getByRole("button", { name: "Begin new conversations like this" }).click();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await notice.waitFor();
  expect(await page.locator(".notice").count()).toBe(1);
  expect(tab.trouble).toEqual([]);
});

test("code is copied from a dialog on a plain address, too, which has no clipboard", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByText("What would you like to know?").waitFor();
  await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
  await page.getByRole("button", { name: "Show this request as code" }).click();
  const copy = page.getByRole("dialog").getByRole("button", { name: "Copy code" });
  await copy.press("Enter");
  await page.locator("dialog [data-done=true]").waitFor();
  expect(await copy.evaluate((button) => button === document.activeElement)).toBe(true);
  await page.keyboard.press("Escape");
  const box = page.getByRole("textbox", { name: "Message" });
  await box.press("Control+v");
  expect(await box.inputValue()).toContain("/v1/chat/completions");
  expect(tab.trouble).toEqual([]);
});

test("a preset that comes with the page shows as chosen, whatever the system prompt is", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByText("What would you like to know?").waitFor();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("textbox", { name: "System prompt" }).fill("Be a poet.");
  await page.getByRole("button", { name: "Precise", pressed: false }).click();
  await page.getByRole("button", { name: "Precise", pressed: true }).waitFor();
  expect(await page.getByRole("textbox", { name: "System prompt" }).inputValue()).toBe("Be a poet.");
  expect(tab.trouble).toEqual([]);
});

test("a dialog that is closed by what was done in it gives the focus back", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByText("What would you like to know?").waitFor();
  const button = page.getByRole("button", { name: "API key" });
  await button.press("Enter");
  await page.getByLabel("Key", { exact: true }).fill("some-key");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "API key");
  await button.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Forget it" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "API key");
  expect(tab.trouble).toEqual([]);
});

test("a dialog is used by keys: the field has the cursor, arrows change tabs, and nothing moves below", async () => {
  await using server = await startServer();
  await using tab = await browser.open(`${server.url}/#/models`);
  const { page } = tab;
  const dialog = page.getByRole("dialog");
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByText("What would you like to know?").waitFor();
  await page.getByRole("button", { name: "API key" }).click();
  await page.waitForFunction(() => document.activeElement?.matches("dialog input"));
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  const keys = dialog.locator("dt", { hasText: "Alt" }).locator("kbd");
  expect(await keys.allTextContents()).toEqual(["Alt", "1", "2", "3"]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Show this request as code" }).click();
  await dialog.getByRole("tab", { selected: true }).press("ArrowRight");
  await dialog.getByRole("tabpanel", { name: "Python" }).getByText("import OpenAI").waitFor();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await dialog.getByRole("tabpanel", { name: "JavaScript" }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("JavaScript");
  await page.keyboard.press("Alt+3");
  await page.keyboard.press("Control+Shift+O");
  expect(new URL(page.url()).hash).toBe("#/chat");
  expect(await dialog.count()).toBe(1);
  // Whoever goes elsewhere by the browser's own means comes back to the page as it was without it.
  await page.goBack();
  await page.getByRole("heading", { name: "Models" }).waitFor();
  await page.goForward();
  await page.getByText("What would you like to know?").waitFor();
  expect(await dialog.count()).toBe(0);
  expect(tab.trouble).toEqual([]);
});
