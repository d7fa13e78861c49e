import type { DeploymentStatus } from "../../src/schemas/deployment.ts";
import type { QueryAnswer, QueryRequest } from "../../src/schemas/query.ts";
import { call, explain, Refusal, send } from "../lib/api.ts";
import { readChat } from "../lib/chat-stream.ts";
import { byId, element, setText } from "../lib/dom.ts";
import { formatSeconds, plural } from "../lib/format.ts";
import { readQuery, toChat } from "../lib/query.ts";
import { readEvents } from "../lib/sse.ts";
import { Answer } from "./answer.ts";
import { showMessage } from "./message.ts";

/** Asks the model, streaming where one answer is wanted, and can be stopped at any moment. */
export class QueryPanel {
  readonly #form = byId("query", HTMLFormElement);
  readonly #prompt = byId("prompt", HTMLTextAreaElement);
  readonly #stream = byId("stream", HTMLInputElement);
  readonly #models = byId("query-model", HTMLSelectElement);
  readonly #ask = byId("ask", HTMLButtonElement);
  readonly #stop = byId("stop", HTMLButtonElement);
  readonly #message = byId("query-message", HTMLElement);
  readonly #answers = byId("answers", HTMLElement);
  #running: AbortController | null = null;
  #currentModel: string | null = null;

  constructor() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#run();
    });
    this.#prompt.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
    this.#stop.addEventListener("click", () => this.#running?.abort());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#running?.abort();
    });
  }

  /** @param current the model that answers when none is chosen */
  showModels(models: DeploymentStatus[], current: string | null): void {
    this.#currentModel = current;
    const names = models.filter((model) => model.state === "ready").map((model) => model.model_name);
    const [first, ...shown] = this.#models.options;
    if (first) setText(first, current ? `Current (${current})` : "Current");
    if (shown.map((option) => option.value).join("\n") === names.join("\n")) return;
    const { value } = this.#models;
    for (const option of shown) option.remove();
    this.#models.append(...names.map((name) => element("option", { value: name }, name)));
    this.#models.value = names.includes(value) ? value : "";
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    const query = readQuery(new FormData(this.#form));
    const running = new AbortController();
    this.#setRunning(running);
    showMessage(this.#message, null);
    this.#answers.replaceChildren();
    try {
      const model = query.model_name ?? this.#currentModel;
      if (this.#stream.checked && (query.num_return_sequences ?? 1) === 1 && model)
        await this.#streamAnswer(query, model, running.signal);
      else await this.#askOnce(query, running.signal);
    } catch (error) {
      if (running.signal.aborted) showMessage(this.#message, "Stopped.");
      else showMessage(this.#message, explain(error), "error");
    } finally {
      this.#setRunning(null);
    }
  }

  async #askOnce(query: QueryRequest, signal: AbortSignal): Promise<void> {
    const answer = await call<QueryAnswer>("/query", { method: "POST", body: query, signal });
    const texts = answer.responses ?? [answer.response];
    for (const [index, text] of texts.entries()) {
      const shown = this.#addAnswer(texts.length > 1 ? `Answer ${index + 1}` : "Answer");
      shown.append(text);
      shown.setBusy(false);
      shown.setFacts(
        index === texts.length - 1
          ? facts(answer.generation_time, answer.input_tokens, answer.output_tokens)
          : `Answer ${index + 1} of ${texts.length}`,
      );
    }
  }

  async #streamAnswer(query: QueryRequest, model: string, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    const body = toChat(query, model);
    const response = await send("/v1/chat/completions", { method: "POST", body, signal });
    if (!response.body) throw new Refusal(response.status, "The answer has no body.");
    const shown = this.#addAnswer("Answer");
    try {
      for await (const piece of readChat(readEvents(response.body))) {
        const seconds = (performance.now() - started) / 1000;
        if (piece.kind === "text") shown.append(piece.text);
        else if (piece.kind === "usage")
          shown.setFacts(facts(seconds, piece.inputTokens, piece.outputTokens));
        else if (piece.reason === "length")
          showMessage(this.#message, "The answer reached its limit; allow more tokens under Sampling.");
      }
    } finally {
      shown.setBusy(false);
    }
  }

  #addAnswer(name: string): Answer {
    const answer = new Answer(name);
    this.#answers.append(answer.root);
    return answer;
  }

  #setRunning(running: AbortController | null): void {
    this.#running = running;
    this.#ask.disabled = running !== null;
    this.#stop.hidden = running === null;
    // A screen reader hears the answer once it is whole, not piece by piece.
    this.#answers.setAttribute("aria-busy", String(running !== null));
  }
}

/** What an answer took; tokens of all answers together. */
function facts(seconds: number, inputTokens: number, outputTokens: number): string {
  const rate = seconds > 0 ? ` · ${(outputTokens / seconds).toFixed(1)} tokens/s` : "";
  return `${formatSeconds(seconds)} · ${plural(inputTokens, "token")} in, ${outputTokens.toLocaleString("en")} out${rate}`;
}
