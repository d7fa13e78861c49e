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

test("a double click sends, and does not stop the answer with its second half", async () => {
  await using server = await startServer({ decodeMs: 300 });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByRole("textbox", { name: "Message" }).fill("Hello");
  await page.getByRole("button", { name: "Send", exact: true }).dblclick();
  const answer = await wholeAnswer(page);
  expect(await answer.textContent()).toContain("Hello world");
  expect(await page.getByText("Stopped.").count()).toBe(0);
  expect(tab.trouble).toEqual([]);
});

test("Escape that ends a composition leaves the question that is edited open", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "Hello");
  await wholeAnswer(page);
  await page.locator(".bubble").hover();
  await page.getByRole("button", { name: "Edit question" }).click();
  const question = page.getByRole("textbox", { name: "Question" });
  await question.dispatchEvent("keydown", { key: "Escape", isComposing: true, bubbles: true });
  expect(await question.isVisible()).toBe(true);
  await question.press("Escape");
  await question.waitFor({ state: "detached" });
});

test("a file is taken wherever it is dropped, and text that is dragged is left to the browser", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "first");
  await wholeAnswer(page);
  const drag = (selector: string, type: "dragover" | "drop", name: string | null) =>
    page.locator(selector).evaluate(
      (onto, given) => {
        const dataTransfer = new DataTransfer();
        if (given.name === null) dataTransfer.setData("text/plain", "words");
        else dataTransfer.items.add(new File(["tide = 12.4"], given.name));
        const event = new DragEvent(given.type, { dataTransfer, bubbles: true, cancelable: true });
        onto.dispatchEvent(event);
        return event.defaultPrevented;
      },
      { type, name },
    );
  for (const [index, place] of [".messages", "#main", ".sidebar", "#prompt"].entries()) {
    expect([place, await drag(place, "dragover", "a")]).toEqual([place, true]);
    await page.locator('.composer[data-over="true"]').waitFor();
    expect([place, await drag(place, "drop", `${index}.toml`)]).toEqual([place, true]);
    await page.getByText(`${index}.toml`).waitFor();
    await page.locator('.composer[data-over="false"]').waitFor();
  }
  expect(await drag("#prompt", "dragover", null)).toBe(false);
  expect(await drag("#prompt", "drop", null)).toBe(false);
  expect(tab.trouble).toEqual([]);
});

test("of text that is pasted with its picture, as spreadsheets send it, the text is taken", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const paste = (text: string, name: string, type: string) =>
    page.locator("#prompt").evaluate(
      (into, given) => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File(["x"], given.name, { type: given.type }));
        clipboardData.setData("text/plain", given.text);
        const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
        into.dispatchEvent(event);
        return event.defaultPrevented;
      },
      { text, name, type },
    );
  // What is short enough for the box, the browser puts there.
  expect(await paste("1\t2", "image.png", "image/png")).toBe(false);
  expect(await paste("1\t2\n".repeat(2000), "image.png", "image/png")).toBe(true);
  await page.getByText("Pasted text").waitFor();
  // Beside a file that was copied, its name stands as text.
  expect(await paste("notes.md", "notes.md", "text/markdown")).toBe(true);
  await page.locator(".attachment", { hasText: "notes.md" }).waitFor();
  expect(await page.getByText("image.png").count()).toBe(0);
  expect(tab.trouble).toEqual([]);
});
