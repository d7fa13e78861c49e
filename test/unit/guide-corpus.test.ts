import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { fitting, toolsTurn } from "../../models/guide/lib/chat-template.ts";
import { readCorpus, type Corpus } from "../../models/guide/lib/corpus.ts";
import { FROM_NOTHING, GOING_ON, samplesOf } from "../../models/guide/lib/courses.ts";
import { canonical, drawn, pattern, plain } from "../../models/guide/lib/grammar.ts";
import { readHeldOut, type HeldOut } from "../../models/guide/lib/held-out.ts";
import { rendered, SampleSource } from "../../models/guide/lib/samples.ts";
import { ToolPrompts } from "../../models/guide/lib/tool-prompts.ts";
import { words } from "../../models/guide/lib/words.ts";
import { seeded } from "../support/random.ts";

// It goes through tens of thousands of phrasings.
setDefaultTimeout(60_000);

let corpus: Corpus;
let heldOut: HeldOut;
beforeAll(async () => {
  [corpus, heldOut] = await Promise.all([readCorpus(), readHeldOut()]);
});

/** Every phrasing that training draws questions from. */
function phrasings(): string[] {
  const { templates, topics, questions } = corpus.offTopic;
  return [
    ...[...corpus.entries, ...corpus.followUps].flatMap((entry) => entry.questions),
    ...questions,
    ...templates.flatMap((template) => topics.map((topic) => template.replace("{t}", () => topic))),
  ];
}

describe("what is held out", () => {
  test("is as much as the evaluation promises", () => {
    expect(heldOut.paraphrases.length).toBeGreaterThanOrEqual(150);
    expect(heldOut.offTopic).toHaveLength(60);
    expect(heldOut.tools).toHaveLength(100);
    expect(heldOut.followUps).toHaveLength(30);
  });

  test("is in no question that the corpus can become", () => {
    const held = [...heldOut.paraphrases, ...heldOut.followUps].map(({ question }) => question);
    const questions = new Set([...held, ...heldOut.offTopic].map(plain));
    const leaks = phrasings().flatMap((phrasing) => {
      const trained = pattern(phrasing, corpus.slots);
      return [...questions].filter((question) => trained.test(question));
    });
    expect(leaks).toEqual([]);
  });

  test("belongs to entries that are there", () => {
    const ids = new Set(corpus.entries.map(({ id }) => id));
    const named = [
      ...heldOut.paraphrases.map(({ entry }) => entry),
      ...heldOut.followUps.flatMap(({ first, expected }) => [first, expected]),
    ];
    expect(named.filter((id) => !ids.has(id))).toEqual([]);
  });

  test("has tools and values that training never has", () => {
    const prompts = new ToolPrompts(corpus.tools, seeded(11));
    const trained = Array.from({ length: 5000 }, () => prompts.prompt());
    const names = new Set([
      ...corpus.tools.flatMap((tool) => tool.names),
      ...trained.flatMap(({ tools }) => tools.map(({ name }) => name)),
    ]);
    const lists = ["cities", "people", "languages", "nouns", "rooms", "days"];
    const examples = corpus.tools.flatMap(({ parameters }) =>
      [...parameters.values()].filter((kind) => kind.startsWith("~")).map((kind) => kind.slice(1).split("/")),
    );
    const values = new Set([...lists.flatMap((list) => words(list)), ...examples.flat()]);
    for (const { call, tools } of heldOut.tools) {
      expect(names).not.toContain(call.name);
      expect(tools.map(({ name }) => name)).toContain(call.name);
      for (const value of Object.values(call.arguments)) expect(values).not.toContain(value);
    }
  });
});

describe("the corpus", () => {
  test("has the key phrases of an entry in its answer", () => {
    const missing = corpus.entries.flatMap(({ id, keys, answer }) =>
      keys.length > 0 && keys.every((key) => answer.includes(key)) ? [] : [id],
    );
    expect(missing).toEqual([]);
  });

  test("has no question with two answers", () => {
    const asked = new Map<string, string>();
    for (const { id, questions } of corpus.entries)
      for (const phrasing of questions) {
        const question = plain(canonical(phrasing, corpus.slots));
        expect(`${question}: ${asked.get(question) ?? id}`).toBe(`${question}: ${id}`);
        asked.set(question, id);
      }
  });

  test("gives the same samples for the same seed", () => {
    const draw = (seed: number) => {
      const source = new SampleSource(corpus, seeded(seed), FROM_NOTHING);
      return Array.from({ length: 200 }, (_, at) => source.sample((at * samplesOf(FROM_NOTHING)) / 200));
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(6)).not.toEqual(draw(5));
  });

  test("has no more samples than its courses", () => {
    const whole = new SampleSource(corpus, seeded(5), FROM_NOTHING);
    expect(() => whole.sample(900_000)).toThrow("a training has 900000 samples");
    const more = new SampleSource(corpus, seeded(5), GOING_ON);
    expect(() => more.sample(190_000)).toThrow("a training has 190000 samples");
  });

  test("teaches calls whose values stand in the question", () => {
    const prompts = new ToolPrompts(corpus.tools, seeded(3));
    for (let left = 500; left > 0; left--) {
      const { question, given } = prompts.prompt();
      for (const value of Object.values(given))
        if (typeof value !== "boolean") expect(question).toContain(String(value));
    }
  });
});

describe("the order of tools", () => {
  const tool = (name: string, description = "") => ({ name, description, properties: {} });
  const [tide, ping] = [
    tool("get_tide", "Tide times of a harbour"),
    tool("ping", "Ping a host on the network"),
  ];
  const order = (question: string, tools = [tide, ping]) => fitting(tools, question).map(({ name }) => name);

  test("has the one that shares most words with the question last", () => {
    expect(order("When is high TIDE?")).toEqual(["ping", "get_tide"]);
    expect(order("is the host up")).toEqual(["get_tide", "ping"]);
    expect(order("ping the harbour and its tides")).toEqual(["ping", "get_tide"]);
  });

  test("is the one given where nothing tells them apart", () => {
    expect(order("hello there")).toEqual(["get_tide", "ping"]);
    expect(order("of a on", [ping, tide])).toEqual(["ping", "get_tide"]);
    expect(order("anything", [tide])).toEqual(["get_tide"]);
  });

  test("is right for three of four questions that training asks", () => {
    const prompts = new ToolPrompts(corpus.tools, seeded(5));
    const several = Array.from({ length: 2000 }, () => prompts.prompt()).filter(
      ({ tools }) => tools.length > 1,
    );
    const right = several.filter(
      ({ tools, question, name }) => fitting(tools, question).at(-1)?.name === name,
    );
    expect(right.length / several.length).toBeGreaterThan(0.7);
    expect(right.length / several.length).toBeLessThan(0.85);
  });
});

describe("phrasings", () => {
  const slots = new Map([["how", ["how do I", "how can I"]]]);

  test("become one of their alternatives", () => {
    expect(canonical("<how> (stop|end) (a|the (big |)) model( now|)", slots)).toBe(
      "how do I stop a model now",
    );
    const random = seeded(1);
    const become = new Set(Array.from({ length: 200 }, () => drawn("(a|b(c|)) (d|)", slots, random)));
    expect([...become].toSorted()).toEqual(["a", "a d", "b", "b d", "bc", "bc d"]);
  });

  test("are recognised in what they became", () => {
    const random = seeded(2);
    for (const phrasing of phrasings().slice(0, 400))
      expect(plain(drawn(phrasing, corpus.slots, random))).toMatch(pattern(phrasing, corpus.slots));
  });

  test("with an unknown slot or an open bracket are refused", () => {
    expect(() => canonical("<where> is it", slots)).toThrow("no slot <where>");
    expect(() => canonical("(a|b", slots)).toThrow("stays open");
  });
});

test("tools stand behind the last question, the fitting one last, and the question once more behind them", () => {
  const pay = { name: "pay", description: "Pays a bill", properties: { bill: { type: "integer" } } };
  const wind = {
    name: "wind",
    description: "",
    properties: { unit: { type: "string", enum: ["ms", "kn"] } },
  };
  const pieces = rendered(
    [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello!" },
      { role: "user", content: "pay my bills" },
      { role: "assistant", content: "(call)" },
      { role: "tool", content: "paid" },
      { role: "assistant", content: "Done." },
    ],
    [pay, wind],
  );
  expect(pieces.map(({ text }) => text).join("")).toBe(
    [
      "<|im_start|>user\nHi<|im_end|>",
      "<|im_start|>assistant\nHello!<|im_end|>",
      "<|im_start|>user\npay my bills<|im_end|>",
      "<|im_start|>tools",
      "# ",
      '{"name": "wind", "arguments": {"unit": ms|kn}}',
      "# Pays a bill",
      '{"name": "pay", "arguments": {"bill": integer}}',
      "~pay my~bills<|im_end|>",
      "<|im_start|>assistant\n(call)<|im_end|>",
      "<|im_start|>tool\npaid<|im_end|>",
      "<|im_start|>assistant\nDone.<|im_end|>",
    ].join("\n"),
  );
});

test("behind the tools, the words of the question that the last tool has are marked", () => {
  const turn = (question: string) => {
    const properties = { drop_off: { type: "string" } };
    const tool = { name: "rent_bike", description: "Hire a bicycle for the day", properties };
    return toolsTurn([tool], question).split("\n").at(-1);
  };
  expect(turn("Rent BIKES in Lund and drop them at Malmo")).toBe(
    "~Rent~BIKES in Lund and~drop them at Malmo",
  );
  expect(turn("a bike for the day")).toBe("a~bike for the~day");
  expect(turn("anything  else")).toBe("anything  else");
});

test("only answers are learned", () => {
  const pieces = rendered([
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Hello!" },
  ]);
  expect(pieces.map(({ text }) => text).join("")).toBe(
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>",
  );
  expect(pieces.filter(({ learned }) => learned).map(({ text }) => text)).toEqual(["Hello!<|im_end|>"]);
});
