import { element, setText } from "../lib/dom.ts";

/** A bar from 0 to 1 that assistive technology reads, too. */
export class Bar {
  readonly root: HTMLElement;
  readonly #fill = element("div");

  constructor(role: "meter" | "progressbar", name: string) {
    this.root = element(
      "div",
      { class: "bar", role, "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 100 },
      this.#fill,
    );
  }

  /** @param text what a screen reader says instead of the percentage */
  set(fraction: number, text?: string): void {
    const value = Math.min(1, Math.max(0, fraction));
    this.#fill.style.setProperty("--value", value.toFixed(4));
    this.root.setAttribute("aria-valuenow", String(Math.round(value * 100)));
    if (text) this.root.setAttribute("aria-valuetext", text);
    if (this.root.role === "meter")
      this.root.dataset["level"] = value > 0.95 ? "full" : value > 0.85 ? "high" : "fine";
  }
}

/** A named bar with its figures in words, e.g. memory: 3.1 of 16 GB. */
export class Meter {
  readonly root: HTMLElement;
  readonly #bar: Bar;
  readonly #value = element("span", { class: "value" });
  readonly #note = element("span", { class: "note" });

  constructor(name: string) {
    this.#bar = new Bar("meter", name);
    this.root = element(
      "div",
      { class: "meter" },
      element("span", {}, name),
      this.#value,
      this.#bar.root,
      this.#note,
    );
  }

  /** @param fraction `null` where only words are known */
  set(fraction: number | null, value: string, note = ""): void {
    setText(this.#value, value);
    setText(this.#note, note);
    this.#note.hidden = note === "";
    this.#bar.root.hidden = fraction === null;
    if (fraction !== null) this.#bar.set(fraction, value);
  }
}
