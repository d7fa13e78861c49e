import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { TestBrowser } from "../support/browser.ts";
import { ask, goTo, wholeAnswer } from "../support/page.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { startRealServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(120_000);

/** Its weights are random: when the likeliest token is taken, it never ends by itself. */
const ENDLESS = "endless.gguf";

test("models are deployed, asked, stopped and undeployed with nothing but the page", async () => {
  await using folder = await temporaryFolder();
  await writeRandomModel(join(folder.path, ENDLESS), { contextLength: 4096 });
  await using server = await startRealServer(folder.path);
  await using browser = await TestBrowser.start();
  await using tab = await browser.open(server.url);
  const { page } = tab;
  const card = (name: string) => page.getByRole("article", { name, exact: true });

  await page.getByText("No model is deployed").waitFor();
  await page.getByRole("button", { name: "Deploy guide" }).click();
  await page.getByText("What would you like to know?").waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "How do I deploy a model?" }).click();
  const answer = await wholeAnswer(page);
  expect(await answer.locator(".answer-text").textContent()).toContain("deploy");
  expect(await answer.locator(".facts").textContent()).toContain("tokens/s");

  await goTo(page, "models");
  await card("guide").getByText("Ready").waitFor();
  await card("guide")
    .getByText(/^[1-9]\d* tokens so far$/)
    .waitFor();
  await page.getByLabel("Model", { exact: true }).fill(ENDLESS);
  await page.getByText("Options").click();
  await page.getByRole("spinbutton", { name: "Context length" }).fill("4096");
  await page.getByRole("spinbutton", { name: "Slots" }).fill("2");
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await card(ENDLESS).getByText("Ready").waitFor({ timeout: 60_000 });
  expect(await card(ENDLESS).textContent()).toContain("0 of 2 slots busy");

  await page.getByRole("button", { name: `Chat with ${ENDLESS}` }).click();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Repeatable" }).click();
  await page.keyboard.press("Escape");
  await ask(page, "Never stop");
  await page.getByRole("button", { name: "Stop the answer" }).click();
  await (await wholeAnswer(page)).getByText("Stopped.").waitFor();

  await goTo(page, "models");
  for (const name of [ENDLESS, "guide"]) {
    await page.getByRole("button", { name: `Undeploy ${name}` }).click();
    await card(name).waitFor({ state: "detached", timeout: 60_000 });
  }
  await page.getByText("Nothing is deployed.").waitFor();
  expect(server.manager.list()).toEqual([]);
  expect(tab.trouble).toEqual([]);
});
