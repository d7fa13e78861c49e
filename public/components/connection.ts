import { byId, setText } from "../lib/dom.ts";
import type { Link, LiveView } from "../lib/live.ts";

const WORDS: Record<Link, string> = {
  connecting: "Connecting",
  live: "Live",
  polling: "Polling",
  away: "Server away",
};

/** Says how the page hears from the server, and plainly when it does not. */
export class Connection {
  readonly #link = byId("link", HTMLElement);
  readonly #away = byId("away", HTMLElement);
  readonly #retry = byId("away-retry", HTMLElement);
  #retryAt: number | null = null;

  constructor(tryNow: () => void) {
    byId("away-now", HTMLButtonElement).addEventListener("click", tryNow);
    setInterval(() => this.#count(), 500);
  }

  show({ link, retryAt }: LiveView): void {
    setText(this.#link, WORDS[link]);
    this.#link.dataset["link"] = link;
    this.#away.hidden = link !== "away";
    this.#retryAt = retryAt;
    this.#count();
  }

  #count(): void {
    if (this.#retryAt === null) return;
    const seconds = Math.max(0, Math.ceil((this.#retryAt - Date.now()) / 1000));
    setText(this.#retry, seconds === 0 ? "Trying …" : `Next try in ${seconds} s.`);
  }
}
