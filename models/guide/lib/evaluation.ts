import { CALL_END, CALL_START, type Tool, type Turn } from "./chat-template.ts";
import type { Corpus, Entry } from "./corpus.ts";
import { canonical } from "./grammar.ts";
import type { HeldOut } from "./held-out.ts";

/** Answers a conversation, as `Talker` does. */
export interface Answerer {
  answer(messages: readonly Turn[], tools?: readonly Tool[]): Promise<string>;
}

export interface Score {
  name: string;
  /** The share that is to be right, from 0 to 1. */
  bar: number;
  right: number;
  asked: number;
  /** What went wrong, for people. */
  wrong: readonly string[];
}

interface Question {
  turns: readonly Turn[];
  tools?: readonly Tool[];
  isRight: (answer: string) => boolean;
}

const user = (content: string): Turn => ({ role: "user", content });

/** All that the model is measured by; `every` takes only each so-manieth question. */
export class Evaluation {
  readonly #corpus: Corpus;
  readonly #heldOut: HeldOut;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #every: number;

  constructor(corpus: Corpus, heldOut: HeldOut, every = 1) {
    this.#corpus = corpus;
    this.#heldOut = heldOut;
    this.#entries = new Map(corpus.entries.map((entry) => [entry.id, entry]));
    this.#every = every;
  }

  /** Every phrasing of the corpus, with the first of its alternatives, is answered as written. */
  corpus(guide: Answerer): Promise<Score> {
    const questions = this.#corpus.entries.flatMap(({ questions, answer }) =>
      questions.map((phrasing) => ({
        turns: [user(canonical(phrasing, this.#corpus.slots))],
        isRight: (given: string) => given === answer,
      })),
    );
    return this.#score("corpus questions answered as written", 0.98, questions, guide);
  }

  paraphrases(guide: Answerer): Promise<Score> {
    const questions = this.#heldOut.paraphrases.map(({ entry, question }) => ({
      turns: [user(question)],
      isRight: (given: string) => holds(given, this.#entry(entry).keys),
    }));
    return this.#score("held-out paraphrases, by key phrases", 0.85, questions, guide);
  }

  offTopic(guide: Answerer): Promise<Score> {
    const questions = this.#heldOut.offTopic.map((question) => ({
      turns: [user(question)],
      isRight: (given: string) => holds(given, this.#corpus.offTopic.keys),
    }));
    return this.#score("held-out off-topic questions declined", 0.9, questions, guide);
  }

  tools(guide: Answerer): Promise<Score> {
    const questions = this.#heldOut.tools.map(({ tools, question, call }) => ({
      turns: [user(question)],
      tools,
      isRight: (given: string) => Bun.deepEquals(parsedCall(given), call),
    }));
    return this.#score("held-out tool prompts, exact call", 0.85, questions, guide);
  }

  followUps(guide: Answerer): Promise<Score> {
    const questions = this.#heldOut.followUps.map(({ first, question, expected }) => {
      const entry = this.#entry(first);
      const opening = canonical(entry.questions[0]!, this.#corpus.slots);
      const turns: Turn[] = [user(opening), { role: "assistant", content: entry.answer }, user(question)];
      return { turns, isRight: (given: string) => holds(given, this.#entry(expected).keys) };
    });
    return this.#score("held-out two-turn follow-ups, by key phrases", 0.8, questions, guide);
  }

  /** All of them, in this order. */
  async all(guide: Answerer): Promise<Score[]> {
    const scores: Score[] = [];
    for (const part of [this.corpus, this.paraphrases, this.offTopic, this.tools, this.followUps])
      scores.push(await part.call(this, guide));
    return scores;
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (!entry) throw new RangeError(`the corpus has no entry ${id}`);
    return entry;
  }

  async #score(name: string, bar: number, questions: readonly Question[], guide: Answerer): Promise<Score> {
    const asked = questions.filter((_, at) => at % this.#every === 0);
    const wrong: string[] = [];
    for (const { turns, tools, isRight } of asked) {
      const answer = await guide.answer(turns, tools);
      if (!isRight(answer))
        wrong.push(`${turns.at(-1)?.content}\n    → ${answer.replaceAll("\n", " ").slice(0, 150)}`);
    }
    return { name, bar, right: asked.length - wrong.length, asked: asked.length, wrong };
  }
}

const holds = (answer: string, keys: readonly string[]) => keys.every((key) => answer.includes(key));

/** The call of an answer that is nothing but one call. */
function parsedCall(answer: string): unknown {
  if (!answer.startsWith(CALL_START) || !answer.endsWith(CALL_END)) return null;
  try {
    return JSON.parse(answer.slice(CALL_START.length, -CALL_END.length));
  } catch {
    return null;
  }
}
