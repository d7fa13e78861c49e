import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import { TestBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { HubServer, twoModels } from "../support/hub-server.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let browser: TestBrowser;
let models: Awaited<ReturnType<typeof twoModels>>;
beforeAll(async () => {
  browser = await TestBrowser.start();
  models = await twoModels();
});
afterAll(() => browser[Symbol.asyncDispose]());

const start = () =>
  HubServer.start((hub) => {
    const [small, other] = models;
    hub.add("user/repo", { files: { "m-Q4_K_M.gguf": small, "m-Q8_0.gguf": other } });
    hub.add("user/gated", { files: { "m-Q8_0.gguf": other }, gated: "auto" });
  });

async function search(page: Page, words: string): Promise<void> {
  await page.getByRole("searchbox", { name: "Search the hub" }).fill(words);
  await page.getByRole("searchbox", { name: "Search the hub" }).press("Enter");
}

test("a model is found on the hub, downloaded, paused, resumed, deployed, undeployed and deleted", async () => {
  await using at = await start();
  await using tab = await browser.open(`${at.url}/#/models`);
  const { page } = tab;
  await page.getByText("Nothing is deployed.").waitFor();
  await search(page, "repo");
  const found = page.getByRole("article", { name: "user/repo", exact: true });
  await found.getByText("Fits").first().waitFor();
  expect(await found.getByText("Fits").count()).toBe(2);

  at.slowDown();
  await found.getByRole("button", { name: "Download user/repo/m-Q8_0.gguf" }).click();
  const download = page.getByRole("article", { name: "Download of user/repo/m-Q8_0.gguf" });
  await download.getByText(/^Downloading, .* of /).waitFor();
  await download.getByRole("button", { name: "Pause" }).click();
  await download.getByText(/^Paused/).waitFor();
  at.hurry();
  await download.getByRole("button", { name: "Resume" }).click();
  await download.getByText(/^Complete/).waitFor();
  await download.getByRole("button", { name: /from the list/ }).click();
  await download.waitFor({ state: "detached" });

  const file = page.getByRole("article", { name: "File of user/repo/m-Q8_0.gguf" });
  await file.getByRole("button", { name: "Deploy" }).click();
  const card = page.getByRole("article", { name: "user/repo/m-Q8_0.gguf", exact: true });
  await card.getByText("Ready").waitFor();
  await card.getByRole("button", { name: "Undeploy" }).click();
  await card.waitFor({ state: "detached" });

  await file.getByRole("button", { name: "Delete" }).click();
  const danger = file.getByRole("button", { name: "for good" });
  const color = () => danger.evaluate((node) => getComputedStyle(node).color);
  await file.getByRole("button", { name: "Keep", exact: true }).hover();
  const aside = await color();
  await danger.hover();
  expect(await color()).toBe(aside);
  await danger.click();
  await page.getByText("is removed").waitFor();
  await file.waitFor({ state: "detached" });
  expect(tab.trouble).toEqual([]);
});

test("a search that finds many shows the first, more of them when asked, and where it ends", async () => {
  const [small] = models;
  await using at = await HubServer.start((hub) => {
    for (let count = 1; count <= 60; count++)
      hub.add(count <= 14 ? `few/repo-${count}` : `many/repo-${count}`, { files: { "m-Q8_0.gguf": small } });
  });
  await using tab = await browser.open(`${at.url}/#/models`);
  const { page } = tab;
  const found = page.getByRole("list", { name: "Found on the hub" }).getByRole("article");
  const more = page.getByRole("button", { name: "More", exact: true });
  await search(page, "few");
  await more.waitFor();
  expect(await found.count()).toBe(12);
  await more.click();
  await more.waitFor({ state: "detached" });
  expect(await found.count()).toBe(14);
  await search(page, "repo");
  for (const shown of [12, 24, 36, 48]) {
    await found.nth(shown - 1).waitFor();
    await more.click();
  }
  await page.getByText("These are the 50 most downloaded.").waitFor();
  expect(await found.count()).toBe(50);
  expect(tab.trouble).toEqual([]);
});

test("a download that is over before the page looks again still shows its file", async () => {
  await using at = await start();
  at.slowDown();
  const id = (await at.pull("user/repo:Q8_0")).download?.id;
  await at.begins(id);
  await at.post(`/downloads/${id}/pause`);
  await using tab = await browser.open(`${at.url}/#/models`);
  const { page } = tab;
  await page
    .getByRole("article", { name: /^Download of/ })
    .getByText(/^Paused/)
    .waitFor();
  at.hurry();
  await at.post(`/downloads/${id}/resume`);
  await at.reaches(id, "completed");
  await page.getByRole("article", { name: "File of user/repo/m-Q8_0.gguf" }).waitFor();
});

test("a download is cancelled, and what arrived goes", async () => {
  await using at = await start();
  at.slowDown();
  const { download } = await at.pull("user/repo/m-Q4_K_M.gguf");
  await at.begins(download?.id);
  at.crawl();
  await using tab = await browser.open(`${at.url}/#/models`);
  const arrived = () => at.file("user/repo/m-Q4_K_M.gguf.part").exists();
  expect(await arrived()).toBe(true);
  await tab.page.getByRole("button", { name: "Cancel the download of user/repo/m-Q4_K_M.gguf" }).click();
  const listed = tab.page.getByRole("article", { name: "Download of user/repo/m-Q4_K_M.gguf" });
  await listed.getByText(/^Cancelled/).waitFor();
  await eventually(async () => !(await arrived()), "what arrived is gone");
  expect(tab.trouble).toEqual([]);
});

test("what a model would take stands there before the button is pressed", async () => {
  await using at = await start();
  await using tab = await browser.open(`${at.url}/#/models`, {}, /404/);
  const { page } = tab;
  await page.getByText("what it would take of this machine").waitFor();
  await page.getByRole("combobox", { name: "Model" }).fill("user/repo");
  const verdict = page.locator(".estimate");
  await verdict.getByText("Fits", { exact: true }).waitFor();
  await verdict.getByText(/to download$/).waitFor();
  await verdict.getByText(/^weights /).waitFor();
  await page.getByRole("combobox", { name: "Model" }).fill("user/nothing");
  await verdict.getByText(/nothing/).waitFor();
  expect(await verdict.getByText("Fits").count()).toBe(0);
  await search(page, "user");
  // A gated one leads to the form, where its token goes.
  await page.getByRole("button", { name: "With a token: user/gated/m-Q8_0.gguf" }).click();
  expect(await page.getByRole("combobox", { name: "Model" }).inputValue()).toBe("user/gated/m-Q8_0.gguf");
  await page.getByLabel("Hugging Face token").waitFor();
  expect(tab.trouble).toEqual([]);
});

test("what does not fit says so, what to take instead is a click away, and a refusal is told", async () => {
  await using server = await startServer({ weightBytes: 5.998e9 }, { deploy: null });
  await using tab = await browser.open(`${server.url}/#/models`, {}, /40\d|50\d/);
  const { page } = tab;
  await page.getByRole("combobox", { name: "Model" }).fill("large");
  await page.getByText("Options").click();
  await page.getByRole("spinbutton", { name: "Context length" }).fill("4096");
  const verdict = page.locator(".estimate");
  await verdict.getByText("Does not fit", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.getByRole("status").getByText("does not fit").first().waitFor();
  expect(server.manager.list().filter(({ state }) => state === "ready")).toEqual([]);
  await page.getByRole("button", { name: "Take this" }).first().click();
  await verdict.getByText(/^Fits/).waitFor();
  expect(await page.getByRole("spinbutton", { name: "Context length" }).inputValue()).toBe("512");
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.getByRole("article", { name: "large", exact: true }).getByText("Ready").waitFor();
  expect(tab.trouble).toEqual([]);
});

test("a recommended model is deployed with one click", async () => {
  await using server = await startServer({}, { deploy: null });
  await using tab = await browser.open(`${server.url}/#/models`);
  const { page } = tab;
  const best = page.getByRole("article").filter({ hasText: "best choice" });
  const name = (await best.getByRole("heading").textContent()) ?? "";
  await best.getByRole("button", { name: `Deploy ${name}` }).click();
  await page.getByText("Ready", { exact: true }).waitFor();
  expect(server.manager.list()).toHaveLength(1);
  await page.getByRole("button", { name: "Code", exact: true }).click();
  await page.getByRole("button", { name: "Code", exact: true, pressed: true }).waitFor();
  expect(tab.trouble).toEqual([]);
});

test("a recommended model that failed can be deployed again", async () => {
  await using server = await startServer({ loadError: new Error("The disk broke") }, { deploy: null });
  await using tab = await browser.open(`${server.url}/#/models`);
  const { page } = tab;
  const best = page.getByRole("article").filter({ hasText: "best choice" });
  const name = (await best.getByRole("heading").textContent()) ?? "";
  const button = best.getByRole("button", { name: `Deploy ${name}` });
  await button.click();
  await page.getByText("Failed", { exact: true }).waitFor();
  server.engine.script.loadError = null;
  await button.click();
  await page.getByText("Ready", { exact: true }).waitFor();
  expect(server.manager.list()).toMatchObject([{ state: "ready" }]);
});

test("the model picker of the chat offers what lies on disk, and deploys it", async () => {
  await using at = await start();
  await at.have("user/repo/m-Q4_K_M.gguf");
  await using tab = await browser.open(at.url);
  const { page } = tab;
  await page.getByRole("button", { name: "Model: No model" }).click();
  await page.getByRole("menuitemradio", { name: /m-Q4_K_M/ }).click();
  await page.getByRole("button", { name: "Model: user/repo/m-Q4_K_M.gguf" }).waitFor();
  expect(tab.trouble).toEqual([]);
});
