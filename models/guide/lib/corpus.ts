import { join } from "node:path";
import type { Slots } from "./grammar.ts";

/** Questions that have one answer. */
export interface Entry {
  id: string;
  /** Phrasings with `(a|b)` alternatives and `<slot>`s. */
  questions: readonly string[];
  /** Markdown. */
  answer: string;
  /** What a right answer has to hold. */
  keys: readonly string[];
  /** Entries that a follow-up comes after; none for a question that stands alone. */
  after: readonly string[];
}

export interface Corpus {
  entries: readonly Entry[];
  followUps: readonly Entry[];
  offTopic: OffTopic;
  slots: Slots;
  systemPrompts: readonly string[];
  tools: readonly ToolQuestions[];
}

/** A tool with the questions people ask it. */
export interface ToolQuestions {
  names: readonly string[];
  descriptions: readonly string[];
  /** Kind of the value, the choices between `|`, or examples between `/` behind a `~`, by the parameter's name. */
  parameters: ReadonlyMap<string, string>;
  /** Phrasings with the parameters as `{name}`. */
  questions: readonly string[];
}

/** Questions beyond the guide: templates around topics, and whole questions. */
export interface OffTopic {
  templates: readonly string[];
  topics: readonly string[];
  questions: readonly string[];
  answer: string;
  keys: readonly string[];
}

const CORPUS = join(import.meta.dir, "..", "corpus");

/** Files that hold no questions and answers of their own. */
const OTHERS = ["slots.md", "snippets.md", "off-topic.md", "follow-ups.md", "words.md", "parameters.md"];

/**
 * Reads the corpus.
 * @throws RangeError when a file refers to what is not there
 */
export async function readCorpus(): Promise<Corpus> {
  const snippets = new Map((await readSections("snippets.md")).map(({ id, body }) => [id, body]));
  const [decline, ...beyond] = await readSections("off-topic.md");
  if (!decline) throw new RangeError("off-topic.md is empty");
  const lists = new Map(
    [...(await readSections("slots.md")), ...beyond].map(({ id, questions }) => [id, questions]),
  );
  const entry = ({ id, fields, questions, body }: Section): Entry => {
    const answer = filled(body, snippets);
    if (questions.length === 0 || answer === "") throw new RangeError(`${id} needs questions and an answer`);
    const keys = fields.get("keys")?.split("|") ?? [];
    return {
      id,
      questions,
      answer,
      keys: keys.map((key) => key.trim()),
      after: fields.get("after")?.split(" ") ?? [],
    };
  };
  const toolFiles = await Array.fromAsync(new Bun.Glob("tools/*.md").scan(CORPUS));
  const files = (await Array.fromAsync(new Bun.Glob("*.md").scan(CORPUS))).filter(
    (file) => !OTHERS.includes(file),
  );
  const entries = (await Promise.all(files.toSorted().map((file) => readSections(file)))).flat().map(entry);
  const answers = new Map(entries.map(({ id, answer, keys }) => [id, { answer, keys }]));
  const followUps = (await readSections("follow-ups.md")).map((section): Entry => {
    const same = section.fields.get("answer");
    if (same === undefined) return entry(section);
    const known = answers.get(same);
    if (!known) throw new RangeError(`${section.id} wants the answer of ${same}, which is not there`);
    return { ...entry({ ...section, body: known.answer }), keys: known.keys };
  });
  for (const { id, after } of followUps)
    for (const first of after)
      if (!answers.has(first)) throw new RangeError(`${id} comes after ${first}, which is not there`);
  const slot = (name: string) => lists.get(name) ?? [];
  return {
    entries,
    followUps,
    offTopic: {
      templates: slot("off-topic-templates"),
      topics: slot("off-topic-topics"),
      questions: decline.questions,
      answer: filled(decline.body, snippets),
      keys: entry(decline).keys,
    },
    slots: lists,
    systemPrompts: slot("system-prompts"),
    tools: (await Promise.all(toolFiles.toSorted().map((file) => readSections(file))))
      .flat()
      .map(toolQuestions),
  };
}

function toolQuestions({ id, fields, questions }: Section): ToolQuestions {
  const field = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw new RangeError(`the tool ${id} needs '${name}'`);
    return value;
  };
  return {
    names: field("names").split(" "),
    descriptions: field("says")
      .split("|")
      .map((text) => text.trim()),
    parameters: new Map(
      field("takes")
        .split(", ")
        .map((pair) => pair.split("=") as [string, string]),
    ),
    questions,
  };
}

interface Section {
  id: string;
  fields: ReadonlyMap<string, string>;
  questions: readonly string[];
  body: string;
}

/** A file's parts: `## id`, lines `name: value`, lines `- question`, and text up to the next. */
export async function readSections(file: string, folder = CORPUS): Promise<Section[]> {
  const text = await Bun.file(join(folder, file)).text();
  return text.split(/^## /m).slice(1).map(toSection);
}

function toSection(part: string): Section {
  const [head = "", ...lines] = part.split("\n");
  const fields = new Map<string, string>();
  const questions: string[] = [];
  let at = 0;
  for (; at < lines.length; at++) {
    const line = lines[at]!;
    const [, name, value] = /^(\w+): (.*)$/.exec(line) ?? [];
    if (line.startsWith("- ")) questions.push(line.slice(2));
    else if (questions.length === 0 && name !== undefined && value !== undefined)
      fields.set(name, unescaped(value));
    else if (line !== "") break;
  }
  return { id: head.trim(), fields, questions, body: lines.slice(at).join("\n").trim() };
}

/** An asterisk that would begin emphasis has a backslash before it, as in any Markdown. */
const unescaped = (text: string): string => text.replaceAll("\\*", "*");

/** Puts `{{name}}` snippets in. */
function filled(text: string, snippets: ReadonlyMap<string, string>): string {
  return text.replace(/\{\{([\w-]+)\}\}/g, (_, name: string) => {
    const snippet = snippets.get(name);
    if (snippet === undefined) throw new RangeError(`there is no snippet ${name}`);
    return snippet;
  });
}
