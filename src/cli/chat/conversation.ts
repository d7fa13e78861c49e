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
  /** The last question, whether it was answered or not. */
  #last: string | null = null;
  #answered = false;

  constructor(client: ServerClient, request: Omit<ChatRequest, "messages">, system: ChatMessage[]) {
    this.#client = client;
    this.#request = request;
    this.#system = system;
  }

  /** Forgets what was said; the system message stays. */
  clear(): void {
    this.#turns = [];
    this.#last = null;
    this.#answered = false;
  }

  /** Takes effect with the next question; an empty text takes the system message away. */
  set system(text: string) {
    this.#system = text === "" ? [] : [{ role: "system", content: text }];
  }

  /** The last question, taken back with its answer, if it has one, so that it can be asked again; `null`: none. */
  takeBack(): string | null {
    if (this.#answered) this.#turns.splice(-2);
    this.#answered = false;
    return this.#last;
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
    let answer = "";
    try {
      const completion = await this.#client.complete({ ...this.#request, messages: this.#with(text) });
      answer = completion.choices[0]?.message.content ?? "";
      return completion;
    } finally {
      this.#remember(text, answer);
    }
  }

  #with(text: string): ChatMessage[] {
    return [...this.#system, ...this.#turns, { role: "user", content: text }];
  }

  #remember(text: string, answer: string): void {
    this.#last = text;
    this.#answered = answer !== "";
    if (!this.#answered) return;
    this.#turns.push({ role: "user", content: text }, { role: "assistant", content: answer });
  }
}
