import { element, setText } from "../lib/dom.ts";

/** One answer: its text as it grows, then what it took. */
export class Answer {
  readonly root = element("article", { class: "answer" });
  readonly #text = element("div", { class: "text" });
  readonly #facts = element("span");
  readonly #copy = element("button", { type: "button", class: "quiet", hidden: true }, "Copy");

  constructor(name: string) {
    this.root.setAttribute("aria-label", name);
    this.root.append(this.#text, element("footer", {}, this.#facts, this.#copy));
    this.#copy.addEventListener("click", () => void this.#copyText());
    this.setBusy(true);
  }

  append(text: string): void {
    // One text node that grows: whatever the model writes can not become markup.
    const { lastChild } = this.#text;
    if (lastChild instanceof Text) lastChild.appendData(text);
    else this.#text.append(text);
  }

  setFacts(text: string): void {
    setText(this.#facts, text);
  }

  setBusy(busy: boolean): void {
    this.root.toggleAttribute("data-busy", busy);
    // Copying needs a secure context: HTTPS, or this very machine.
    this.#copy.hidden = busy || !navigator.clipboard;
  }

  async #copyText(): Promise<void> {
    await navigator.clipboard.writeText(this.#text.textContent ?? "").then(
      () => setText(this.#copy, "Copied"),
      () => setText(this.#copy, "Copying was refused"),
    );
    setTimeout(() => setText(this.#copy, "Copy"), 1500);
  }
}
