import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { TestBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { ask, goTo, wholeAnswer } from "../support/page.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

test("an answer streams in as formatted text, with its figures under it", async () => {
  const pieces = [
    "# Ships\n\n",
    "They **float**.\n\n",
    "- one\n",
    "- two\n\n",
    "```js\nconst a = 1;\n```\n",
    "$x^2$",
  ];
  await using server = await startServer({ pieces });
  await using tab = await browser.open(server.url);
  await ask(tab.page, "What do ships do?");
  const answer = await wholeAnswer(tab.page);
  expect(await answer.getByRole("heading", { name: "Ships" }).count()).toBe(1);
  expect(await answer.locator("strong").textContent()).toBe("float");
  expect(await answer.getByRole("listitem").allTextContents()).toEqual(["one", "two"]);
  await answer.locator(".hljs-keyword", { hasText: "const" }).waitFor();
  await answer.locator(".katex").waitFor();
  const facts = await answer.locator(".facts").textContent();
  expect(facts).toContain("test-model");
  expect(facts).toContain("tokens/s");
  expect(facts).toContain("6 tokens");
  expect(facts).toContain("of 2k");
  // The conversation has an address and a title of its own, and is there again after a reload.
  await tab.page.reload();
  await (await wholeAnswer(tab.page)).getByRole("heading", { name: "Ships" }).waitFor();
  expect(await tab.page.title()).toBe("What do ships do? · Berth");
  expect(tab.trouble).toEqual([]);
});

test("the stop button ends the answer and frees the slot, and what came stays", async () => {
  await using server = await startServer({ pieces: Array(2000).fill("word "), decodeMs: 10 });
  await using tab = await browser.open(server.url);
  await ask(tab.page, "Go on for ever");
  await tab.page.getByText("word word word").waitFor();
  await tab.page.getByRole("button", { name: "Stop the answer" }).click();
  const answer = await wholeAnswer(tab.page);
  expect(await answer.textContent()).toContain("word word word");
  expect(await answer.textContent()).toContain("Stopped.");
  await eventually(() => server.engine.models[0]?.cancelled === 1, "the slot is free");
  expect(tab.trouble).toEqual([]);
});

test("an answer that another tab is still writing does not pass for a whole one", async () => {
  await using server = await startServer({ pieces: Array(2000).fill("word "), decodeMs: 10 });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "Go on for ever");
  await page.getByText("word word word").waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByText("still being written in another tab").waitFor();
  await page.getByRole("button", { name: "Stop the answer" }).click();
  await other.getByText("Stopped.").waitFor();
  expect(await other.getByText("still being written").count()).toBe(0);
  expect(tab.trouble).toEqual([]);
});

test("a question is edited, an answer is asked for again, and every version stays", async () => {
  await using server = await startServer({ pieces: ["one"] });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "first");
  await wholeAnswer(page);
  server.engine.script.pieces = ["two"];
  await page.getByRole("button", { name: "Answer again" }).click();
  await page.getByText("two").waitFor();
  await (await wholeAnswer(page)).getByRole("button", { name: "Version before" }).click();
  expect(await (await wholeAnswer(page)).locator(".answer-text").textContent()).toBe("one");
  await page.getByRole("button", { name: "Edit question" }).click();
  await page.getByRole("textbox", { name: "Question" }).fill("  ");
  await page.getByRole("textbox", { name: "Question" }).press("Enter");
  await page.getByRole("textbox", { name: "Question" }).fill("second");
  await page.getByRole("textbox", { name: "Question" }).press("Enter");
  await wholeAnswer(page);
  const question = page.getByRole("article", { name: "You" });
  expect(await question.locator(".bubble").textContent()).toBe("second");
  await question.getByRole("button", { name: "Version before" }).click();
  expect(await question.locator(".bubble").textContent()).toBe("first");
  expect(tab.trouble).toEqual([]);
});

test("an answer that reached its limit is continued from its last word", async () => {
  await using server = await startServer({ pieces: ["Hello", " wor"], finishReason: "length" });
  await using tab = await browser.open(server.url);
  await ask(tab.page, "greet");
  await (await wholeAnswer(tab.page)).getByText("It reached its limit").waitFor();
  server.engine.script.pieces = ["ld."];
  server.engine.script.finishReason = "stop";
  await tab.page.getByRole("button", { name: "Continue the answer" }).click();
  await tab.page.getByText("Hello world.").waitFor();
  // What the model was given: the chat as its template renders it, and then its own words.
  expect(server.engine.models[0]?.requests.at(-1)?.prompt.kind).toBe("tokens");
  expect(tab.trouble).toEqual([]);
});

test("thoughts are folded away, with how long they took", async () => {
  await using server = await startServer({
    pieces: ["<think>", "Let me ", "see.", "</think>", "It floats."],
  });
  await using tab = await browser.open(server.url);
  await ask(tab.page, "Does it float?");
  const answer = await wholeAnswer(tab.page);
  expect(await answer.locator(".answer-text").textContent()).toBe("It floats.");
  const thoughts = answer.getByText("Let me see.");
  expect(await thoughts.isVisible()).toBe(false);
  await answer.getByText(/^Thought for/).click();
  await thoughts.waitFor();
  expect(tab.trouble).toEqual([]);
});

test("presets are kept, chosen in another conversation, and what is left empty is the deployment's", async () => {
  await using server = await startServer({}, { deploy: null });
  const sampling = { temperature: 0.65, stop: ["END"] };
  await server.manager.deploy({ model_name: "own", system_prompt: "You are a pilot.", sampling, wait: true });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const settings = () => page.getByRole("button", { name: /^Settings/ }).click();
  const temperature = page.getByRole("spinbutton", { name: "Temperature" });
  const prompt = page.getByRole("textbox", { name: "System prompt" });
  await page.getByText("What would you like to know?").waitFor();
  await settings();
  expect(await temperature.getAttribute("placeholder")).toBe("0.65");
  expect(await page.getByRole("spinbutton", { name: "Top P" }).getAttribute("placeholder")).toBe("1");
  expect(await prompt.getAttribute("placeholder")).toBe("You are a pilot.");
  await prompt.fill("Be a poet.");
  await temperature.fill("1.4");
  await page.getByRole("textbox", { name: "Name of the preset" }).fill("Poet");
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await page.keyboard.press("Escape");
  await ask(page, "first");
  await wholeAnswer(page);
  await page.reload();
  await page.getByRole("link", { name: "New conversation" }).click();
  await settings();
  expect(await temperature.inputValue()).toBe("");
  await page.getByRole("button", { name: "Poet", exact: true }).click();
  expect(await temperature.inputValue()).toBe("1.4");
  expect(await prompt.inputValue()).toBe("Be a poet.");
  await page.getByRole("button", { name: "Begin new conversations like this" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByRole("button", { name: "Settings, 2 changed" }).waitFor();
  // The one that waits for its first question is a new one too.
  await page.getByRole("link", { name: "first" }).click();
  await settings();
  await temperature.fill("0.2");
  await page.getByRole("button", { name: "Begin new conversations like this" }).click();
  await page.keyboard.press("Escape");
  await goTo(page, "chat");
  await page.getByText("What would you like to know?").waitFor();
  await settings();
  expect(await temperature.inputValue()).toBe("0.2");
  expect(tab.trouble).toEqual([]);
});

test("what is dropped on the page, and a long text that is pasted, is attached", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const box = page.getByRole("textbox", { name: "Message" });
  const paste = (text: string) =>
    box.evaluate((into, pasted) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", pasted);
      into.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  await paste("a long text ".repeat(500));
  await page.getByText("Pasted text").waitFor();
  await box.evaluate((onto) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["tide = 12.4"], "tide.toml"));
    onto.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  });
  await page.getByText("tide.toml").waitFor();
  await page.getByRole("button", { name: "Remove Pasted text" }).click();
  await ask(page, "When?");
  await wholeAnswer(page);
  const prompt = server.engine.models[0]?.requests[0]?.prompt;
  const content = prompt?.kind === "chat" ? prompt.messages[0]?.content : "";
  expect(content).toContain("tide = 12.4");
  expect(content).not.toContain("a long text");
  expect(tab.trouble).toEqual([]);
});

test("settings and attached files go along with the question", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("textbox", { name: "System prompt" }).fill("Be brief.");
  await page.getByRole("spinbutton", { name: "Temperature" }).fill("0.3");
  await page.getByRole("button", { name: "Close" }).click();
  const files = page.getByLabel("Files to attach");
  await files.setInputFiles({
    name: "notes.md",
    mimeType: "text/markdown",
    buffer: Buffer.from("low tide at nine"),
  });
  await page.getByText("notes.md").waitFor();
  await ask(page, "When?");
  await wholeAnswer(page);
  const request = server.engine.models[0]?.requests[0];
  expect(request?.sampling.temperature).toBe(0.3);
  const messages = request?.prompt.kind === "chat" ? request.prompt.messages : [];
  expect(messages[0]).toMatchObject({ role: "system", content: "Be brief." });
  expect(messages[1]?.content).toContain("low tide at nine");
  expect(messages[1]?.content).toEndWith("When?");
  await files.setInputFiles({
    name: "a.png",
    mimeType: "image/png",
    buffer: Buffer.from([137, 80, 78, 71, 0, 0]),
  });
  await page.getByText("a.png is not text").waitFor();
  expect(tab.trouble).toEqual([]);
});

test("a longest answer of -1 lifts the bound that the deployment has", async () => {
  await using server = await startServer({}, { deploy: null });
  await server.manager.deploy({ model_name: "brief", sampling: { max_tokens: 1 }, wait: true });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("spinbutton", { name: "Longest answer" }).fill("-1");
  await page.getByRole("button", { name: "Close" }).click();
  await ask(page, "When?");
  await wholeAnswer(page);
  expect(server.engine.models[0]?.requests[0]?.maxTokens).toBeNull();
  expect(tab.trouble).toEqual([]);
});

test("the text of a PDF file is attached", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const pdf = {
    name: "tides.pdf",
    mimeType: "application/pdf",
    buffer: Buffer.from(smallPdf("High water at noon")),
  };
  await page.getByLabel("Files to attach").setInputFiles(pdf);
  await page.getByText("tides.pdf").waitFor();
  await ask(page, "When?");
  await wholeAnswer(page);
  const prompt = server.engine.models[0]?.requests[0]?.prompt;
  expect(prompt?.kind === "chat" ? prompt.messages[0]?.content : "").toContain("High water at noon");
  const broken = { ...pdf, name: "broken.pdf", buffer: Buffer.from("%PDF-1.4\nnot really") };
  await page.getByLabel("Files to attach").setInputFiles(broken);
  await page.getByText("broken.pdf can not be read").waitFor();
  expect(tab.trouble).toEqual([]);
});

test("conversations are searched, renamed, pinned, deleted, brought back, exported and imported", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const list = page.getByRole("region", { name: "Conversations" });
  for (const text of ["about ropes", "about sails"]) {
    await page.getByRole("link", { name: "New conversation" }).click();
    await ask(page, text);
    await wholeAnswer(page);
  }
  const option = async (title: string, name: string) => {
    await list.getByRole("link", { name: title }).hover();
    await list.getByRole("button", { name: `Options of ${title}` }).click();
    await page.getByRole("menuitem", { name }).click();
  };
  await page.getByRole("searchbox", { name: "Search conversations" }).fill("ROPES");
  expect(await list.getByRole("listitem").count()).toBe(1);
  await page.getByRole("searchbox", { name: "Search conversations" }).fill("");
  await option("about ropes", "Rename");
  await page.getByRole("textbox", { name: "Title of the conversation" }).fill("Cordage");
  await page.keyboard.press("Enter");
  await option("Cordage", "Pin");
  expect(await list.getByRole("heading").allTextContents()).toEqual(["Pinned", "Today"]);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    list.getByRole("button", { name: "Export all conversations" }).click(),
  ]);
  const file = await Bun.file(await download.path()).text();
  expect(file).toContain("about sails");
  await option("Cordage", "Delete");
  await page.getByRole("button", { name: "Undo" }).click();
  await list.getByRole("link", { name: "Cordage" }).waitFor();
  await page
    .getByLabel("Import conversations")
    .setInputFiles({ name: "all.json", mimeType: "application/json", buffer: Buffer.from(file) });
  await page.getByText("2 conversations imported.").waitFor();
  expect(await list.getByRole("link").count()).toBe(4);
  expect(tab.trouble).toEqual([]);
});

test("a conversation that is deleted while it is answered comes back with what was written", async () => {
  await using server = await startServer({ pieces: Array(2000).fill("word "), decodeMs: 10 });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "Go on for ever");
  await page.getByText("word word word").waitFor();
  await page.getByRole("button", { name: "Options of Go on for ever" }).press("Enter");
  await page.getByRole("menuitem", { name: "Delete" }).press("Enter");
  await page.getByRole("button", { name: "Undo" }).click();
  const answer = await wholeAnswer(page);
  expect(await answer.textContent()).toContain("word word word");
  expect(await answer.textContent()).toContain("Stopped.");
  await eventually(() => server.engine.models[0]?.cancelled === 1, "the slot is free");
  expect(tab.trouble).toEqual([]);
});

test("the request stands as code for curl, Python and JavaScript", async () => {
  await using server = await startServer();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await ask(page, "It's low tide");
  await wholeAnswer(page);
  await page.getByRole("button", { name: "Show this request as code" }).click();
  const dialog = page.getByRole("dialog");
  expect(await dialog.locator("pre").textContent()).toContain(`curl -N ${server.url}/v1/chat/completions`);
  await dialog.getByRole("tab", { name: "Python" }).click();
  expect(await dialog.locator("pre").textContent()).toContain('"content": "It\'s low tide"');
  await dialog.getByRole("tab", { name: "JavaScript" }).click();
  expect(await dialog.locator("pre").textContent()).toContain('import OpenAI from "openai"');
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  expect(tab.trouble).toEqual([]);
});

/** The smallest PDF file with a line of text; readers repair the table of objects that it lacks. */
function smallPdf(text: string): string {
  const stream = `BT /F1 24 Tf 72 700 Td (${text}) Tj ET`;
  return [
    "%PDF-1.4",
    "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj",
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj",
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj",
    `4 0 obj<</Length ${stream.length}>>stream\n${stream}\nendstream endobj`,
    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj",
    "trailer<</Root 1 0 R>>",
    "%%EOF",
  ].join("\n");
}
