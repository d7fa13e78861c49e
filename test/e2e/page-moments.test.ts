import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { TestBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { ask, wholeAnswer } from "../support/page.ts";
import { startServer } from "../support/server.ts";

/* What people do at a moment that nobody thinks of. */

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

test("a question edited while another is answered is not asked until that has ended", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "first");
  await wholeAnswer(page);
  await page.getByRole("button", { name: "Edit question" }).click();
  server.engine.script.pieces = Array<string>(2000).fill("word ");
  server.engine.script.decodeMs = 10;
  await ask(page, "second");
  await page.getByText("word word").waitFor();
  await page.getByRole("textbox", { name: "Question" }).press("Enter");
  expect(await page.getByRole("button", { name: "Ask", exact: true }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "Stop the answer" }).click();
  expect(server.engine.models[0]?.requests).toHaveLength(2);
  await page.getByRole("textbox", { name: "Question" }).press("Enter");
  await page.getByText("word word").waitFor();
  expect(server.engine.models[0]?.requests).toHaveLength(3);
  expect(tab.trouble).toEqual([]);
});

test("a question waits for a file that is still read", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.evaluate(() => {
    const { arrayBuffer } = Blob.prototype;
    const gate = Promise.withResolvers<void>();
    Object.assign(globalThis, { finishReading: gate.resolve });
    Blob.prototype.arrayBuffer = async function read() {
      await gate.promise;
      return arrayBuffer.call(this);
    };
  });
  const buffer = Buffer.from("High water at noon");
  await page.getByLabel("Files to attach").setInputFiles({ name: "a.md", mimeType: "text/markdown", buffer });
  await page.getByText("reading …").waitFor();
  const message = page.getByRole("textbox", { name: "Message" });
  await message.fill("When?");
  await message.press("Enter");
  expect(await message.inputValue()).toBe("When?");
  await page.evaluate(() => (globalThis as unknown as { finishReading(): void }).finishReading());
  await page.getByText("18 characters").waitFor();
  await message.press("Enter");
  await wholeAnswer(page);
  const prompt = server.engine.models[0]?.requests[0]?.prompt;
  expect(prompt?.kind === "chat" ? prompt.messages[0]?.content : "").toContain("High water at noon");
  expect(tab.trouble).toEqual([]);
});

test("an answer that is continued stays while the next word is waited for", async () => {
  await using server = await startServer({ pieces: ["Hello", " wor"], finishReason: "length" });
  await using tab = await browser.open(server.url);
  await ask(tab.page, "greet");
  await (await wholeAnswer(tab.page)).getByText("It reached its limit").waitFor();
  server.engine.script.prefillMs = 60_000;
  await tab.page.getByRole("button", { name: "Continue the answer" }).click();
  await tab.page.getByRole("button", { name: "Stop the answer" }).waitFor();
  expect(await tab.page.locator(".answer-text").textContent()).toBe("Hello wor");
  expect(tab.trouble).toEqual([]);
});

test("Escape in a field does not stop the answer", async () => {
  await using server = await startServer({ pieces: Array(2000).fill("word "), decodeMs: 10 });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "Go on for ever");
  await page.getByText("word word").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("searchbox").press("Escape");
  const words = async () => ((await page.locator(".answer-text").textContent()) ?? "").length;
  const before = await words();
  await eventually(async () => (await words()) > before + 100, "the answer goes on");
  await page.getByRole("textbox", { name: "Message" }).press("Escape");
  await (await wholeAnswer(page)).getByText("Stopped.").waitFor();
  expect(tab.trouble).toEqual([]);
});

test("a title is not kept by the Enter that chooses a character", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "ropes");
  await wholeAnswer(page);
  await page.getByRole("button", { name: "Options of ropes" }).press("Enter");
  await page.getByRole("menuitem", { name: "Rename" }).press("Enter");
  const title = page.getByRole("textbox", { name: "Title of the conversation" });
  await title.dispatchEvent("keydown", { key: "Enter", isComposing: true });
  expect(await title.isVisible()).toBe(true);
  await title.fill("綱");
  await title.press("Enter");
  await page.getByRole("link", { name: "綱" }).waitFor();
  expect(tab.trouble).toEqual([]);
});

test("presets that two tabs keep are both there", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const other = await tab.page.context().newPage();
  await other.goto(server.url);
  for (const [page, name] of [
    [tab.page, "One"],
    [other, "Two"],
  ] as const) {
    await page.getByRole("button", { name: /^Settings/ }).click();
    await page.getByRole("textbox", { name: "System prompt" }).fill(`Be ${name}.`);
    await page.getByRole("textbox", { name: "Name of the preset" }).fill(name);
    await page.getByRole("button", { name: "Keep", exact: true }).click();
  }
  for (const page of [tab.page, other])
    for (const name of ["One", "Two"]) await page.getByRole("button", { name, exact: true }).waitFor();
  expect(tab.trouble).toEqual([]);
});

test("what can not be kept is told, once", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  await tab.page.getByText("What would you like to know?").waitFor();
  await tab.page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("the database is gone", "UnknownError");
    };
  });
  for (const text of ["first", "second"]) {
    await ask(tab.page, text);
    await wholeAnswer(tab.page);
  }
  const told = tab.page.getByText("This browser keeps no changes any more");
  await told.waitFor();
  expect(await told.count()).toBe(1);
  expect(tab.trouble).toEqual([]);
});

test("what is typed before the conversations are read goes into none but the one of the address", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "ropes");
  await wholeAnswer(page);
  await page.addInitScript(() => {
    const { getAll } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.getAll = function slow(...given) {
      const started = Date.now();
      while (Date.now() - started < 500);
      return getAll.apply(this, given);
    };
  });
  await page.reload();
  const message = page.getByRole("textbox", { name: "Message" });
  await message.fill("and knots?");
  await message.press("Enter");
  await page
    .getByRole("article", { name: /^Answer/ })
    .nth(1)
    .waitFor();
  expect(await page.locator(".bubble").allTextContents()).toEqual(["ropes", "and knots?"]);
  expect(tab.trouble).toEqual([]);
});
