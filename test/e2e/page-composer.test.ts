import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { TestBrowser } from "../support/browser.ts";
import { ask, goTo, wholeAnswer } from "../support/page.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

test("what is written and attached waits where it was while one looks elsewhere, until it is sent", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const box = page.getByRole("textbox", { name: "Message" });
  const elsewhere = async () => {
    await goTo(page, "models");
    await page.getByRole("heading", { name: "Models" }).waitFor();
  };
  await ask(page, "first");
  await wholeAnswer(page);
  await box.fill("a second thought");
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByText("What would you like to know?").waitFor();
  expect(await box.inputValue()).toBe("");
  await box.fill("something else");
  const buffer = Buffer.from("low tide at nine");
  await page.getByLabel("Files to attach").setInputFiles({ name: "a.md", mimeType: "text/markdown", buffer });
  await page.getByText("a.md").waitFor();
  await elsewhere();
  await page.getByRole("link", { name: "first" }).click();
  await page.locator(".bubble").waitFor();
  expect(await box.inputValue()).toBe("a second thought");
  await elsewhere();
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByText("a.md").waitFor();
  expect(await box.inputValue()).toBe("something else");
  await box.press("Enter");
  await wholeAnswer(page);
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByText("What would you like to know?").waitFor();
  expect(await box.inputValue()).toBe("");
  expect(await page.getByText("a.md").count()).toBe(0);
  expect(tab.trouble).toEqual([]);
});
