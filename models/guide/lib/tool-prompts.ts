import { toolCall, type Tool, type Turn } from "./chat-template.ts";
import type { ToolQuestions } from "./corpus.ts";
import { pick, type Random } from "./grammar.ts";
import { knownDraft, madeUpDraft, type Draft } from "./tool-drafts.ts";
import { toolResult } from "./tool-results.ts";

/** A request with tools that one of them fits, and the call it should lead to. */
export interface ToolPrompt {
  tools: readonly Tool[];
  question: string;
  name: string;
  /** In the order of the tool's parameters. */
  given: Record<string, unknown>;
}

/** Makes prompts from tools of the corpus and from words. */
export class ToolPrompts {
  readonly #known: readonly ToolQuestions[];
  readonly #random: Random;

  constructor(known: readonly ToolQuestions[], random: Random) {
    this.#known = known;
    this.#random = random;
  }

  /** One to three tools, and a question that one of them fits. */
  prompt(): ToolPrompt {
    const random = this.#random;
    const drafts = this.#drafts(pick(random, [1, 1, 1, 2, 2, 3]));
    const wanted = pick(random, drafts);
    const { question, given } = wanted.ask(random);
    const ordered = Object.keys(wanted.tool.properties)
      .filter((name) => name in given)
      .map((name) => [name, given[name]]);
    return {
      tools: drafts.map(({ tool }) => tool),
      question: dressed(question, Object.values(given), random),
      name: wanted.tool.name,
      given: Object.fromEntries(ordered),
    };
  }

  /** Tools alone, for questions that none of them fits. */
  tools(): Tool[] {
    return this.#drafts(pick(this.#random, [1, 1, 2, 3])).map(({ tool }) => tool);
  }

  #drafts(many: number): Draft[] {
    const drafts: Draft[] = [];
    while (drafts.length < many) {
      const random = this.#random;
      const next = random() < 0.78 ? knownDraft(pick(random, this.#known), random) : madeUpDraft(random);
      if (!drafts.some(({ tool, subject }) => tool.name === next.tool.name || subject === next.subject))
        drafts.push(next);
    }
    return drafts;
  }
}

/** Marks, capitals and politeness, with the values left as they are. */
function dressed(question: string, values: readonly unknown[], random: Random): string {
  let text = question;
  const beginsWithValue = values.some((value) => question.startsWith(String(value)));
  if (random() < 0.1) text = pick(random, ["hi, ", "hey, ", "please ", "ok, ", "hello, ", "now "]) + text;
  if (random() < 0.07) text += pick(random, [" please", ", please", ", thanks"]);
  if (random() < 0.5 && !(beginsWithValue && text.startsWith(question)))
    text = text[0]!.toUpperCase() + text.slice(1);
  return text + pick(random, ["", "", "?", ".", "", "?"]);
}

export const answeredCall = ({ name, given }: ToolPrompt): string => toolCall(name, given);

/** Question, call, result, answer. */
export function toolConversation(prompt: ToolPrompt, random: Random): Turn[] {
  const { content, answer } = toolResult(random);
  return [
    { role: "user", content: prompt.question },
    { role: "assistant", content: answeredCall(prompt) },
    { role: "tool", content },
    { role: "assistant", content: answer },
  ];
}
