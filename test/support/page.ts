import type { Locator, Page } from "playwright-core";

/** Types a question into the chat and sends it. */
export async function ask(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/** The last answer, once it is whole. */
export async function wholeAnswer(page: Page): Promise<Locator> {
  const answer = page.getByRole("article", { name: /^Answer/ }).last();
  await answer.getByRole("button", { name: "Answer again" }).waitFor();
  return answer;
}

/** Opens a panel of the page by its address. */
export const goTo = (page: Page, view: "chat" | "models" | "system"): Promise<void> =>
  page
    .getByRole("navigation", { name: "Views" })
    .getByRole("link", { name: new RegExp(view, "i") })
    .click();
