import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import scores from "../../models/guide/scores.json";
import { seeded } from "../support/random.ts";
import { readCorpus, type Corpus } from "../../models/guide/lib/corpus.ts";
import { Evaluation } from "../../models/guide/lib/evaluation.ts";
import { FROM_NOTHING, GOING_ON, samplesOf } from "../../models/guide/lib/courses.ts";
import { canonical } from "../../models/guide/lib/grammar.ts";
import { type HeldOut, readHeldOut } from "../../models/guide/lib/held-out.ts";
import { rendered, SampleSource } from "../../models/guide/lib/samples.ts";
import { Talker } from "../../models/guide/lib/talker.ts";
import { ChatEncoder, readVocabulary } from "../../models/guide/lib/tokeniser.ts";
import { toolConversation, ToolPrompts } from "../../models/guide/lib/tool-prompts.ts";
import { readGgufFile } from "../../src/formats/gguf/read.ts";
import { BUILT_IN_FILE, BUILT_IN_MODEL } from "../../src/services/built-in-model.ts";

setDefaultTimeout(120_000);

let guide: Talker;
let corpus: Corpus;
beforeAll(async () => {
  guide = await Talker.load(BUILT_IN_FILE);
  corpus = await readCorpus();
});
afterAll(() => guide?.[Symbol.asyncDispose]());

test("the built-in model is a small GGUF file with everything a good one has", async () => {
  const header = await readGgufFile(BUILT_IN_FILE, BUILT_IN_MODEL);
  expect(header).toMatchObject({
    architecture: "llama",
    name: "guide",
    contextLength: 2048,
    hasChatTemplate: true,
  });
  expect(header.text("general.license")).toBe("mit");
  expect(header.text("tokenizer.chat_template")).toContain("<tool_call>");
  expect(header.fileSize).toBeLessThan(8e6);
});

describe("a sample of the evaluation", () => {
  let heldOut: HeldOut;
  beforeAll(async () => {
    heldOut = await readHeldOut();
  });

  test.each([
    ["corpus", 24],
    ["paraphrases", 5],
    ["offTopic", 2],
    ["tools", 2],
    ["followUps", 3],
  ] as const)("%s, every %dth question", async (part, every) => {
    const { name, right, asked, wrong } = await new Evaluation(corpus, heldOut, every)[part](guide);
    const whole = scores[name as keyof typeof scores];
    // These questions may be a little harder than the others.
    expect(right / asked, wrong.join("\n")).toBeGreaterThan(whole.right / whole.asked - 0.15);
  });
});

test("its README tells the scores it has", async () => {
  const readme = await Bun.file(join(import.meta.dir, "../../models/guide/README.md")).text();
  for (const [name, { right, asked }] of Object.entries(scores))
    expect(readme).toMatch(new RegExp(`\\| ${name} .*\\(${right} of ${asked}\\)`));
});

describe("what the model is trained on", () => {
  test("is what llama.cpp's Jinja engine makes of the template", () => {
    const random = seeded(4);
    const prompts = new ToolPrompts(corpus.tools, random);
    for (let left = 50; left > 0; left--) {
      const prompt = prompts.prompt();
      const turns = toolConversation(prompt, random).slice(0, 3);
      const asked = [{ role: "system" as const, content: "Be brief." }, ...turns];
      const trained = rendered([...asked, { role: "assistant", content: "" }], prompt.tools);
      const text = trained.map((piece) => piece.text).join("");
      expect(guide.rendered(asked, prompt.tools)).toBe(text.replace(/<\|im_end\|>$/, ""));
    }
  });

  test.each([
    ["from nothing", FROM_NOTHING],
    ["that goes on", GOING_ON],
  ])("in a training %s is tokenised as llama.cpp does", async (_, courses) => {
    const encoder = new ChatEncoder(await readVocabulary());
    const source = new SampleSource(corpus, seeded(8), courses);
    for (let at = 0; at < 200; at++) {
      const pieces = source.sample((at * samplesOf(courses)) / 200).map(({ text }) => text);
      const whole = pieces.join("");
      expect(guide.model.tokenize(whole, true).map(Number)).toEqual(encoder.encode(whole));
      expect(pieces.flatMap((piece) => encoder.encode(piece))).toEqual(encoder.encode(whole));
    }
  });

  test("has calls written as OpenAI clients give them back", () => {
    const call = { name: "get_tide", arguments: { harbour: "Brest", days: 2 } };
    const text = guide.rendered([
      { role: "user", content: "When?" },
      { role: "assistant", content: "", tool_calls: [{ id: "1", type: "function", function: call }] },
      { role: "tool", content: "12:40" },
    ]);
    expect(text).toContain(
      '<tool_call>\n{"name": "get_tide", "arguments": {"harbour": "Brest", "days": 2}}\n</tool_call><|im_end|>',
    );
  });
});

test("what the README and the start ask first is answered with a greeting", async () => {
  expect(await guide.answer([{ role: "user", content: "Hello!" }])).toStartWith("Hello! I am guide");
});

test("a long conversation does not confuse it", async () => {
  const turns = corpus.entries.slice(0, 8).flatMap(({ questions, answer }) => [
    { role: "user" as const, content: canonical(questions[0]!, corpus.slots) },
    { role: "assistant" as const, content: answer },
  ]);
  const answer = await guide.answer([...turns, { role: "user", content: "how do I undeploy a model" }]);
  expect(answer).toContain("/undeploy");
});
