import { join } from "node:path";
import type { TestBrowser } from "../support/browser.ts";
import { ask, goTo, wholeAnswer } from "../support/page.ts";
import { startServer } from "../support/server.ts";
import { ANSWER, QUESTION } from "./answer.ts";

const MODEL = "unsloth/Qwen3.5-4B-GGUF:Q4_K_M";

const EARLIER = ["Knots for a mooring line", "Rust or Go for a small daemon", "Names for a rowing boat"];

/** The two pictures of the README: a chat in light, the models in dark. */
export async function pictures(browser: TestBrowser, into: string): Promise<void> {
  const info = {
    architecture: "qwen3",
    quantisation: "Q4_K_M",
    parameters: 4_022_468_096,
    fileSize: 2_497_281_312,
    memory: { weights: 2_497_281_312, kvCache: 603_979_776, compute: 311_427_072, gpu: 0 },
  };
  await using server = await startServer({ info, contextLength: 8192 }, { deploy: MODEL });
  const look = { viewport: { width: 1280, height: 900 }, deviceScaleFactor: 1.5 };
  await using tab = await browser.open(server.url, { ...look, colorScheme: "light" });
  const { page } = tab;
  for (const question of EARLIER) {
    await ask(page, question);
    await wholeAnswer(page);
    await page.getByRole("link", { name: "New conversation" }).click();
  }
  Object.assign(server.engine.script, { pieces: ANSWER, decodeMs: 25, prefillMs: 240 });
  await ask(page, QUESTION);
  await (await wholeAnswer(page)).locator(".katex").first().waitFor();
  await page.locator(".messages").evaluate((place) => place.scrollTo(0, place.scrollHeight));
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(into, "chat.png") });

  await page.emulateMedia({ colorScheme: "dark" });
  await goTo(page, "models");
  await page.getByRole("button", { name: /^Show all/ }).waitFor();
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(into, "models.png") });
  if (tab.trouble.length > 0) throw new Error(tab.trouble.join("\n"));
}
