import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { TestBrowser } from "../support/browser.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
beforeAll(async () => void (browser = await TestBrowser.start()));
afterAll(() => browser[Symbol.asyncDispose]());

test("a model that could not be loaded says why, and is tried again with a click", async () => {
  await using server = await startServer({ loadError: new Error("The file is broken") }, { deploy: null });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByRole("button", { name: "Deploy guide" }).click();
  await page.getByText("guide could not be loaded").waitFor();
  await page.getByRole("alert").getByText("The file is broken").waitFor();
  server.engine.script.loadError = null;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("What would you like to know?").waitFor();
  expect(tab.trouble).toEqual([]);
});

test("the model picker tells why a model failed, and tries again as it was deployed", async () => {
  await using server = await startServer();
  server.engine.script.loadError = new Error("The file is broken");
  const sampling = { temperature: 0.65 };
  await server.manager.deploy({ model_name: "other", alias: "same", system_prompt: "Be brief.", sampling });
  await using tab = await browser.open(server.url);
  const { page } = tab;
  await page.getByRole("button", { name: "Model: test-model" }).click();
  const failed = page.getByRole("menuitemradio", { name: /^other .*The file is broken/ });
  await failed.waitFor();
  server.engine.script.loadError = null;
  await failed.click();
  await page.getByRole("button", { name: "Model: other" }).waitFor();
  const [, other] = server.manager.list();
  expect(other).toMatchObject({ aliases: ["same"], options: { system_prompt: "Be brief.", sampling } });
  expect(tab.trouble).toEqual([]);
});
