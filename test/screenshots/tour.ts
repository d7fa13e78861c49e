import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import type { TestBrowser } from "../support/browser.ts";
import { HubServer, twoModels } from "../support/hub-server.ts";
import { ask, goTo, wholeAnswer } from "../support/page.ts";
import { ANSWER, QUESTION } from "./answer.ts";

const SIZES: Record<string, BrowserContextOptions> = {
  wide: { viewport: { width: 1360, height: 850 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

const REPOSITORY = "some-user/Rather-Long-Name-4B-Instruct-2607-GGUF";
const MODEL = `${REPOSITORY}:Q4_K_M`;

/** Every view as a person comes by it, in light and dark, wide and on a phone; named so that they sort. */
export async function tour(browser: TestBrowser, into: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const)
    for (const [size, options] of Object.entries(SIZES)) {
      await using at = await someHub();
      await using tab = await browser.open(at.url, { ...options, colorScheme });
      await new Tour(tab.page, at, join(into, `${size}-${colorScheme}`)).walk();
      if (tab.trouble.length > 0) throw new Error(tab.trouble.join("\n"));
    }
}

async function someHub(): Promise<HubServer> {
  const [small, other] = await twoModels();
  const at = await HubServer.start((hub) => {
    const file = (quantisation: string) => `Rather-Long-Name-4B-Instruct-2607-${quantisation}.gguf`;
    hub.add(REPOSITORY, { files: { [file("Q4_K_M")]: small, [file("Q8_0")]: other } });
    hub.add("another-user/gated-GGUF", { files: { "gated-Q8_0.gguf": other }, gated: "auto" });
  });
  Object.assign(at.server.engine.script, { pieces: ANSWER, decodeMs: 20, prefillMs: 300, loadMs: 1500 });
  return at;
}

class Tour {
  readonly #page: Page;
  readonly #at: HubServer;
  readonly #name: string;
  #count = 0;

  constructor(page: Page, at: HubServer, name: string) {
    this.#page = page;
    this.#at = at;
    this.#name = name;
  }

  async walk(): Promise<void> {
    await this.#beginning();
    await this.#chat();
    await this.#models();
    await this.#system();
  }

  async #beginning(): Promise<void> {
    const page = this.#page;
    await page.getByText("No model is deployed").waitFor();
    await this.#shoot("nothing-deployed");
    await this.#go("models");
    await page.getByText("Recommended for this machine").waitFor();
    await this.#shoot("models-at-first");
    await this.#at.deploy(MODEL);
    await page.getByText(/^Loading/).waitFor();
    await this.#shoot("models-loading");
    await this.#go("chat");
    await page.getByText("What would you like to know?").waitFor();
    await this.#shoot("welcome");
  }

  async #chat(): Promise<void> {
    const page = this.#page;
    await ask(page, QUESTION);
    await page.getByText("bulges").waitFor();
    await this.#shoot("writing");
    await wholeAnswer(page);
    await this.#shoot("answer");
    for (const name of ["Settings", "Show this request as code"]) {
      await page.getByRole("button", { name }).click();
      await this.#shoot(name);
      await page.keyboard.press("Escape");
    }
    await page.getByRole("button", { name: /^Model:/ }).click();
    await page.getByText("On disk").waitFor();
    await this.#shoot("model-picker");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await this.#shoot("search");
    await page.keyboard.press("Escape");
  }

  async #models(): Promise<void> {
    const page = this.#page;
    await this.#go("models");
    this.#at.slowDown();
    await this.#at.pull(`${REPOSITORY}:Q8_0`);
    await page.getByRole("combobox", { name: "Model" }).fill(REPOSITORY);
    await page.getByRole("searchbox", { name: "Search the hub" }).fill("gguf");
    await page.keyboard.press("Enter");
    await page.getByRole("article", { name: "another-user/gated-GGUF" }).waitFor();
    await page.locator(".estimate .badge").waitFor();
    await this.#shootWhole("models");
  }

  async #system(): Promise<void> {
    const page = this.#page;
    this.#at.server.engine.script.decodeMs = 200;
    const body = { model: MODEL, messages: [{ role: "user", content: QUESTION }] };
    const running = this.#at.post("/v1/chat/completions", body);
    await this.#go("system");
    await page.getByRole("row", { name: /Answering/ }).waitFor();
    const time = Date.now();
    const fields = { model: MODEL, ms: 12 };
    for (const level of ["info", "warn", "error"] as const)
      this.#at.server.services.events.emit("log", { time, level, message: `a line of ${level}`, fields });
    await this.#shootWhole("system");
    await page.getByRole("button", { name: /^Cancel/ }).click();
    await running;
  }

  async #go(view: "chat" | "models" | "system"): Promise<void> {
    const drawer = this.#page.getByRole("button", { name: "Sidebar" });
    const links = this.#page.getByRole("navigation", { name: "Views" });
    if (!(await links.isVisible())) await drawer.click();
    await goTo(this.#page, view);
  }

  async #shoot(what: string): Promise<void> {
    // Formulas, fonts and the like come a moment later.
    await this.#page.waitForTimeout(400);
    const number = String(++this.#count).padStart(2, "0");
    await this.#page.screenshot({ path: `${this.#name}-${number}-${what.replaceAll(" ", "-")}.png` });
  }

  /** The whole of a view, however long. */
  async #shootWhole(what: string): Promise<void> {
    const page = this.#page;
    const before = page.viewportSize() ?? { width: 1360, height: 850 };
    const height = await page.locator(".view-scroll").evaluate((place) => place.scrollHeight);
    await page.setViewportSize({ ...before, height: height + 60 });
    await this.#shoot(what);
    await page.setViewportSize(before);
  }
}
