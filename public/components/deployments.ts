import type { DeploymentStatus } from "../../src/schemas/deployment.ts";
import { element, setText } from "../lib/dom.ts";
import { formatAgo, formatBytes, formatParameters, formatSeconds } from "../lib/format.ts";
import { Bar } from "./meter.ts";

/** The list of deployments; a card stays the same element while its deployment lives, so focus is kept. */
export class Deployments {
  readonly #list: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #cards = new Map<string, Card>();
  readonly #undeploy: (name: string) => Promise<void>;

  constructor(list: HTMLElement, empty: HTMLElement, undeploy: (name: string) => Promise<void>) {
    this.#list = list;
    this.#empty = empty;
    this.#undeploy = undeploy;
  }

  show(models: DeploymentStatus[]): void {
    this.#empty.hidden = models.length > 0;
    const names = new Set(models.map((model) => model.model_name));
    for (const [name, card] of this.#cards) {
      if (names.has(name)) continue;
      card.root.remove();
      this.#cards.delete(name);
    }
    for (const model of models) {
      let card = this.#cards.get(model.model_name);
      if (!card) {
        card = new Card(model.model_name, this.#undeploy);
        this.#cards.set(model.model_name, card);
        this.#list.append(card.root);
      }
      card.show(model);
    }
  }
}

class Card {
  readonly root = element("li", { class: "deployment" });
  readonly #state = element("span", { class: "state" });
  readonly #about = element("span");
  readonly #progress = new Bar("progressbar", "Loading");
  readonly #figures = element("dl", { class: "figures" });
  readonly #notes = element("p", { class: "about" });
  readonly #error = element("p", { class: "error" });
  readonly #undeploy: HTMLButtonElement;
  #going = false;

  constructor(name: string, undeploy: (name: string) => Promise<void>) {
    this.#undeploy = element(
      "button",
      { type: "button", class: "quiet", "aria-label": `Undeploy ${name}` },
      "Undeploy",
    );
    this.#undeploy.addEventListener("click", () => {
      this.#going = true;
      this.#undeploy.disabled = true;
      void undeploy(name).finally(() => {
        this.#going = false;
        this.#undeploy.disabled = false;
      });
    });
    this.root.append(
      element("div", { class: "name" }, element("strong", {}, name), this.#undeploy),
      element("p", { class: "about" }, this.#state, " ", this.#about),
      this.#progress.root,
      this.#figures,
      this.#notes,
      this.#error,
    );
  }

  show(model: DeploymentStatus): void {
    setText(this.#state, model.state);
    this.#state.dataset["state"] = model.state;
    setText(this.#about, about(model));
    const loading = model.state === "loading" || model.state === "downloading";
    this.#progress.root.hidden = !loading;
    this.#progress.set(model.progress);
    this.#figures.hidden = model.state !== "ready" && model.state !== "draining";
    this.#showFigures(figures(model));
    setText(this.#notes, model.notes.join(" "));
    this.#notes.hidden = model.notes.length === 0;
    setText(this.#error, model.error ?? "");
    this.#error.hidden = !model.error;
    this.#undeploy.disabled = this.#going || model.state === "draining";
  }

  #showFigures(figures: [name: string, value: string][]): void {
    if (this.#figures.children.length !== figures.length)
      this.#figures.replaceChildren(...figures.map(() => element("div", {}, element("dt"), element("dd"))));
    for (const [index, [name, value]] of figures.entries()) {
      const pair = this.#figures.children[index];
      if (pair?.firstChild) setText(pair.firstChild, name);
      if (pair?.lastChild) setText(pair.lastChild, value);
    }
  }
}

function about(model: DeploymentStatus): string {
  return [
    model.architecture,
    model.parameters === null ? null : `${formatParameters(model.parameters)} weights`,
    model.quantisation,
    model.device,
    model.total_layers && model.gpu_layers
      ? `${model.gpu_layers} of ${model.total_layers} layers on the GPU`
      : null,
    model.restarts > 0 ? `restarted ${model.restarts} ×` : null,
  ]
    .filter((part) => part !== null)
    .join(" · ");
}

function figures(model: DeploymentStatus): [name: string, value: string][] {
  return [
    ["Memory", model.memory_bytes === null ? "–" : formatBytes(model.memory_bytes)],
    ["Slots busy", `${model.busy_slots} of ${model.slots ?? "–"}`],
    ["Waiting", String(model.queued)],
    ["Context", model.context_length === null ? "–" : model.context_length.toLocaleString("en")],
    ["Loaded in", model.load_time_ms === null ? "–" : formatSeconds(model.load_time_ms / 1000)],
    ["Last used", model.last_used === null ? "never" : formatAgo(model.last_used, Date.now() / 1000)],
  ];
}
