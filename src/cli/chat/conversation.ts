import type { ChatCompletion, ChatMessage, ChatRequest } from "../../schemas/chat.ts";
import type { ServerClient } from "../client/server-client.ts";

/** What an answer took, where the server tells. */
export interface AnswerFigures {
  tokens: number;
  tokensPerSecond: number;
  finishReason: string | null;
}

/** A chat with its history: every question is asked with all that was said before. */
export class Conversation {
  readonly #client: ServerClient;
  readonly #request: Omit<ChatRequest, "messages">;
  #system: ChatMessage[];
  #turns: ChatMessage[] = [];

  constructor(client: ServerClient, request: Omit<ChatRequest, "messages">, system: ChatMessage[]) {
    this.#client = client;
    this.#request = request;
    this.#system = system;
  }

  /** Forgets what was said; the system message stays. */
  clear(): void {
    this.#turns = [];
  }

  /** Takes effect with the next question; an empty text takes the system message away. */
  set system(text: string) {
    this.#system = text === "" ? [] : [{ role: "system", content: text }];
  }

  /** The last question, taken back with its answer so that it can be asked again; `null` when there is none. */
  takeBack(): string | null {
    const at = this.#turns.findLastIndex(({ role }) => role === "user");
    if (at < 0) return null;
    const [question] = this.#turns.splice(at);
    return typeof question?.content === "string" ? question.content : null;
  }

  /**
   * Asks, and hands on the answer piece by piece. An answer that is stopped counts as far as it came; a question
   * without any answer is forgotten.
   * @throws whatever the client throws, the signal's reason included
   */
  async ask(
    text: string,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<AnswerFigures | null> {
    const messages = this.#with(text);
    let answer = "";
    let figures: AnswerFigures | null = null;
    try {
      for await (const { choices, timings } of this.#client.chat({ ...this.#request, messages }, signal)) {
        const [choice] = choices;
        const piece = choice?.delta.content ?? "";
        answer += piece;
        onText(piece);
        if (timings)
          figures = {
            tokens: timings.predicted_n,
            tokensPerSecond: timings.predicted_per_second,
            finishReason: choice?.finish_reason ?? null,
          };
      }
      return figures;
    } finally {
      this.#remember(text, answer);
    }
  }

  /**
   * Asks, and gives the whole answer as the server does.
   * @throws whatever the client throws
   */
  async complete(text: string): Promise<ChatCompletion> {
    const completion = await this.#client.complete({ ...this.#request, messages: this.#with(text) });
    this.#remember(text, completion.choices[0]?.message.content ?? "");
    return completion;
  }

  #with(text: string): ChatMessage[] {
    return [...this.#system, ...this.#turns, { role: "user", content: text }];
  }

  #remember(text: string, answer: string): void {
    if (answer === "") return;
    this.#turns.push({ role: "user", content: text }, { role: "assistant", content: answer });
  }
}
