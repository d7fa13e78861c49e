import { TURN_END, TURN_START } from "../../../src/formats/bpe/vocabulary.ts";
import { fitting, toolsTurn, type Tool, type Turn } from "./chat-template.ts";
import type { Corpus, Entry } from "./corpus.ts";
import { courseOf, type Course } from "./courses.ts";
import { canonical, drawn, pick, type Random } from "./grammar.ts";
import { asTyped } from "./noise.ts";
import { between, madeUpWord, VALUES } from "./values.ts";
import { ALL_WORDS } from "./words.ts";
import { answeredCall, toolConversation, ToolPrompts } from "./tool-prompts.ts";

/** A text with control tokens in it, and whether the model is to learn to say it. */
export interface Piece {
  text: string;
  learned: boolean;
  /** The sample ends after this many tokens of the piece. */
  tokens?: number;
}

/** A conversation as the chat template renders it; every answer is learned. */
export function rendered(turns: readonly Turn[], tools: readonly Tool[] = []): Piece[] {
  const pieces: Piece[] = [];
  const say = (text: string, learned = false) => pieces.push({ text, learned });
  const asked = turns.findLastIndex(({ role }) => role === "user");
  for (const [at, { role, content }] of turns.entries()) {
    say(`${TURN_START}${role}\n${role === "assistant" ? "" : `${content}${TURN_END}\n`}`);
    if (role === "assistant") {
      say(content + TURN_END, true);
      say("\n");
    }
    if (tools.length > 0 && at === asked)
      say(`${TURN_START}${toolsTurn(fitting(tools, content), content)}${TURN_END}\n`);
  }
  return pieces.slice(0, -1);
}

/** Kinds of values that copying exercises have. */
const COPIED = [
  "city",
  "person",
  "count",
  "measure",
  "id",
  "text",
  "date",
  "time",
  "email",
  "file",
  "symbol",
  "word",
];

/** How many of the questions are as they are written where no course tells, beside tools and in conversations. */
const CANONICAL = 0.14;

/** How many tokens of an answer make it certain; what follows is known by heart. */
const BEGINNING = 16;

/** Draws conversations to learn from. */
export class SampleSource {
  readonly #corpus: Corpus;
  readonly #random: Random;
  readonly #courses: readonly Course[];
  readonly #tools: ToolPrompts;
  /** Every phrasing, so that entries with many of them come up more often. */
  readonly #phrasings: readonly { entry: Entry; phrasing: string }[];
  /** Words that no question about Berth has. */
  readonly #foreign: readonly string[];

  constructor(corpus: Corpus, random: Random, courses: readonly Course[]) {
    this.#corpus = corpus;
    this.#courses = courses;
    this.#random = random;
    this.#tools = new ToolPrompts(corpus.tools, random);
    this.#phrasings = corpus.entries.flatMap((entry) =>
      entry.questions.map((phrasing) => ({ entry, phrasing })),
    );
    const own = new Set(
      this.#phrasings.flatMap(({ phrasing }) => phrasing.toLowerCase().match(/[a-z]+/g) ?? []),
    );
    this.#foreign = ALL_WORDS.filter((word) => !own.has(word));
  }

  /** @param made how many samples were drawn before, fewer than the courses have */
  sample(made: number): Piece[] {
    let kind = this.#random();
    const shares = courseOf(this.#courses, made);
    const is = (share: number) => (kind -= share) < 0;
    if (is(shares.copying)) return this.#copy();
    if (is(shares.tools)) return this.#withTools();
    if (is(shares.conversations)) return this.#conversation();
    if (is(shares.offTopic)) return this.#shortened(rendered([...this.#system(), ...this.#offTopic()]), 0.85);
    return this.#shortened(rendered([...this.#system(), ...this.#single(shares.canonical(made))]), 0.65);
  }

  #withTools(): Piece[] {
    const random = this.#random;
    const kind = random();
    if (kind < 0.1) {
      const turns = random() < 0.5 ? this.#offTopic() : this.#single();
      return this.#shortened(rendered([...this.#system(), ...turns], this.#tools.tools()), 0.95);
    }
    const prompt = this.#tools.prompt();
    if (kind < 0.15) {
      // Without its tool, a question for one is beyond the guide.
      const turns: Turn[] = [
        { role: "user", content: prompt.question },
        { role: "assistant", content: this.#corpus.offTopic.answer },
      ];
      return this.#shortened(rendered(turns), 0.95);
    }
    if (kind < 0.24) return rendered(toolConversation(prompt, random), prompt.tools);
    const before = random() < 0.04 ? this.#single() : [];
    const turns: Turn[] = [
      ...before,
      { role: "user", content: prompt.question },
      { role: "assistant", content: answeredCall(prompt) },
    ];
    return rendered([...this.#system(), ...turns], prompt.tools);
  }

  /** Words, numbers and codes in a row, to be said again: nothing but copying helps there. */
  #copy(): Piece[] {
    const random = this.#random;
    const items = Array.from({ length: between(random, 3, 14) }, () =>
      random() < 0.5 ? madeUpWord(random) : String(VALUES[pick(random, COPIED)]!.value(random)),
    );
    const text = items.join(pick(random, [" ", " ", ", ", "_", "/"]));
    const asked = pick(random, [
      "repeat: ",
      "Repeat: ",
      "say: ",
      "echo ",
      "copy this: ",
      "Say again: ",
      "repeat after me: ",
    ]);
    return rendered([
      { role: "user", content: asked + text },
      { role: "assistant", content: text },
    ]);
  }

  #single(canonicalShare = CANONICAL): Turn[] {
    const random = this.#random;
    const entry = random() < 0.5 ? pick(random, this.#corpus.entries) : pick(random, this.#phrasings).entry;
    return this.#asked(entry, canonicalShare);
  }

  #asked({ questions, answer }: Entry, canonicalShare = CANONICAL): Turn[] {
    const random = this.#random;
    const phrasing = pick(random, questions);
    const question =
      random() < canonicalShare
        ? canonical(phrasing, this.#corpus.slots)
        : asTyped(drawn(phrasing, this.#corpus.slots, random), random);
    return [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ];
  }

  #offTopic(): Turn[] {
    const random = this.#random;
    const { templates, topics, questions, answer } = this.#corpus.offTopic;
    const question =
      random() < 0.3
        ? pick(random, questions)
        : pick(random, templates).replace("{t}", () =>
            random() < 0.75 ? pick(random, topics) : this.#foreignTopic(),
          );
    return [
      { role: "user", content: asTyped(drawn(question, this.#corpus.slots, random), random) },
      { role: "assistant", content: answer },
    ];
  }

  #foreignTopic(): string {
    const random = this.#random;
    const [first, second] = [pick(random, this.#foreign), pick(random, this.#foreign)];
    return pick(random, [
      first,
      `a ${first}`,
      `the ${first}`,
      `the ${first} of ${second}`,
      `${first} ${second}`,
    ]);
  }

  /** Two to four questions, the second often a follow-up of the first. */
  #conversation(): Piece[] {
    const random = this.#random;
    const turns: Turn[] = [...this.#system()];
    if (random() < 0.7) {
      const followUp = pick(random, this.#corpus.followUps);
      const before = pick(random, followUp.after);
      const first = this.#corpus.entries.find(({ id }) => id === before)!;
      if (random() < 0.1) turns.push(...this.#single());
      turns.push(...this.#asked(first), ...this.#asked(followUp));
    } else {
      for (let left = random() < 0.8 ? 2 : 5; left > 0; left--)
        turns.push(...(random() < 0.15 ? this.#offTopic() : this.#single()));
    }
    return this.#shortened(rendered(turns), 0.6);
  }

  #system(): Turn[] {
    const random = this.#random;
    return random() < 0.1 ? [{ role: "system", content: pick(random, this.#corpus.systemPrompts) }] : [];
  }

  /** With this probability, only the beginning of the last answer: it decides, and the rest costs as much again. */
  #shortened(pieces: Piece[], share: number): Piece[] {
    if (this.#random() >= share) return pieces;
    const last = pieces.at(-1)!;
    return [...pieces.slice(0, -1), { ...last, tokens: BEGINNING }];
  }
}
