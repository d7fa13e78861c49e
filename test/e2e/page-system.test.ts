import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { LogLevel } from "../../src/engine/engine.ts";
import { TestBrowser } from "../support/browser.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

test("the charts follow the server, and its health and configuration stand beside them", async () => {
  await using server = await startServer();
  await using tab = await browser.open(`${server.url}/#/system`, {}, /503/);
  const { page } = tab;
  const chart = (title: string) => page.locator("figure", { hasText: title });
  await chart("Memory").getByText("1.9 GiB", { exact: true }).waitFor();
  for (const title of ["CPU", "Memory", "Tokens per second", "Time to first token", "Waiting requests"])
    expect([title, await chart(title).locator("canvas").count()]).toEqual([title, 1]);
  // This machine has no GPU, so there is nothing to draw of it.
  expect(await chart("GPU memory").count()).toBe(0);
  await page.locator(".fact", { hasText: "Health" }).getByText("Ready").waitFor();
  await page.locator(".fact", { hasText: "Current model" }).getByText("test-model").waitFor();
  await page.getByRole("searchbox", { name: "Filter the settings" }).fill("QUEUE_lim");
  expect(await page.locator(".settings dt").allTextContents()).toEqual(["queue_limit"]);
  server.engine.script.loadError = new Error("The file is broken");
  void server.manager.deploy({ model_name: "other" });
  await server.manager.undeploy("test-model");
  await page.locator(".fact", { hasText: "Health" }).getByText("The file is broken").waitFor();
  expect(tab.trouble).toEqual([]);
});

test("a chart has its line where the browser's clock differs from the server's", async () => {
  await using server = await startServer();
  // The warning is of this test's own way to look at the line.
  await using tab = await browser.open(server.url, {}, /willReadFrequently/);
  const { page } = tab;
  await page.addInitScript(() => {
    const { now } = Date;
    Date.now = () => now() - 360_000;
  });
  await page.goto(`${server.url}/#/system`);
  await page.reload();
  const canvas = page.locator("figure", { hasText: "Memory" }).locator("canvas");
  await canvas.waitFor();
  // The axes are grey; only the line, from the second sample on, has a colour.
  await page.waitForFunction(
    (on) => {
      if (!(on instanceof HTMLCanvasElement)) return false;
      const pixels = on.getContext("2d")?.getImageData(0, 0, on.width, on.height).data ?? [];
      for (let at = 0; at < pixels.length; at += 4) {
        const [, green = 0, blue = 0, alpha = 0] = pixels.slice(at, at + 4);
        if (alpha > 200 && blue - green > 50) return true;
      }
      return false;
    },
    await canvas.elementHandle(),
  );
  expect(tab.trouble).toEqual([]);
});

test("a request in flight is shown with how far it is, and cancelled", async () => {
  await using server = await startServer({ pieces: Array(3000).fill("word "), decodeMs: 10 });
  await using tab = await browser.open(`${server.url}/#/system`);
  const { page } = tab;
  await page.getByText("Idle.").waitFor();
  const messages = [{ role: "user" as const, content: "Go on" }];
  const refusal = server.client.chat.completions.create({ model: "test-model", messages }).then(
    () => null,
    (reason: unknown) => reason,
  );
  const row = page.getByRole("row", { name: /Answering/ });
  await row.waitFor();
  expect(await row.textContent()).toContain("test-model/v1/chat/completions");
  // The view scrolls, never the page around it.
  expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)).toBe(0);
  await row.getByRole("button", { name: /^Cancel/ }).click();
  expect(String(await refusal)).toContain("cancelled");
  await page.getByText("Idle.").waitFor();
  expect(server.engine.models[0]?.cancelled).toBe(1);
  expect(tab.trouble).toEqual([]);
});

test("requests in flight are shown where no event stream gets through, too", async () => {
  await using server = await startServer({ pieces: Array(3000).fill("word "), decodeMs: 10 });
  await using tab = await browser.open("about:blank");
  const { page } = tab;
  await page.route("**/events", (route) => route.abort());
  await page.goto(`${server.url}/#/system`);
  await page.getByText("Idle.").waitFor();
  await page.getByText("Connected", { exact: true }).waitFor();
  const abort = new AbortController();
  const messages = [{ role: "user" as const, content: "Go on" }];
  const running = server.client.chat.completions
    .create({ model: "test-model", messages }, { signal: abort.signal })
    .catch(() => {});
  await page.getByRole("row", { name: /Answering/ }).waitFor();
  abort.abort();
  await running;
  await page.getByText("Idle.").waitFor();
});

test("the log comes in as it is written, and is filtered", async () => {
  await using server = await startServer();
  await using tab = await browser.open(`${server.url}/#/system`);
  const { page } = tab;
  await page.getByText("Lines appear here").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  const tell = (level: LogLevel, message: string) =>
    server.services.events.emit("log", { time: Date.now(), level, message, fields: { model: "guide" } });
  tell("info", "the tide comes");
  tell("warn", "the tide is high");
  tell("debug", "a gull");
  const lines = page.getByRole("list", { name: "Lines of the log" }).getByRole("listitem");
  await lines.getByText("the tide is high").waitFor();
  expect(await lines.count()).toBe(2);
  await page.getByRole("combobox", { name: "Least important lines shown" }).selectOption("warn");
  expect(await lines.count()).toBe(1);
  await page.getByRole("combobox", { name: "Least important lines shown" }).selectOption("debug");
  await page.getByRole("searchbox", { name: "Filter the log" }).fill("GULL model=guide");
  expect(await lines.allTextContents()).toEqual([expect.stringContaining("a gull")]);
  expect(tab.trouble).toEqual([]);
});

test("the current model is asked once, with the fields of /query, and a refusal is told", async () => {
  await using server = await startServer();
  await using tab = await browser.open(`${server.url}/#/system`, {}, /400/);
  const { page } = tab;
  const panel = page.getByRole("region", { name: "Query" });
  await panel.getByRole("textbox", { name: "Prompt" }).fill("Say hello");
  await panel.getByRole("spinbutton", { name: "Temperature" }).fill("0.2");
  await panel.getByRole("button", { name: "Ask" }).click();
  await panel.getByText("Hello world").waitFor();
  await panel.getByText("2 tokens of prompt").waitFor();
  expect(server.engine.models[0]?.requests[0]?.sampling.temperature).toBe(0.2);
  await panel.getByRole("spinbutton", { name: "Longest" }).fill("1");
  await panel.getByRole("button", { name: "Ask" }).click();
  await panel.getByRole("alert").getByText("max_length").waitFor();
  expect(tab.trouble).toEqual([]);
});
