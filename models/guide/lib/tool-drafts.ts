import type { Tool } from "./chat-template.ts";
import type { ToolQuestions } from "./corpus.ts";
import { drawn, pick, type Random } from "./grammar.ts";
import { choiceKind, KINDS, oddName, type ParameterKind } from "./parameters.ts";
import { madeUpWord, VALUES } from "./values.ts";
import { words } from "./words.ts";

/** A tool, and how to ask for it. */
export interface Draft {
  tool: Tool;
  /** What the tool is about; tools of one prompt differ in it. */
  subject: string;
  /** A question for it, and the arguments that the question gives, in any order. */
  ask: (random: Random) => { question: string; given: Record<string, unknown> };
}

interface NamedKind {
  name: string;
  kind: ParameterKind;
}

const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1);
const camelCase = (text: string) => text.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** A tool put together from words: it looks a thing up, or does something to an object. */
export function madeUpDraft(random: Random): Draft {
  const looksUp = random() < 0.5;
  const isMadeUp = random() < 0.45;
  const object = isMadeUp
    ? madeUpWord(random) + (random() < 0.2 ? ` ${pick(random, words("objects"))}` : "")
    : pick(random, words(looksUp ? "things" : "objects"));
  const verbs = looksUp ? words("get-verbs") : pick(random, words("actions")).split(" ");
  const name = madeUpName(object, verbs, looksUp, random);
  const described =
    random() < 0.08
      ? ""
      : pick(random, words(looksUp ? "describe-things" : "describe-actions"))
          .replace("{o}", object)
          .replace("{v}", pick(random, verbs))
          .replace("{V}", capital(pick(random, verbs)));
  const kinds: NamedKind[] = [];
  const properties: Tool["properties"] = {};
  const many = pick(random, [0, 1, 1, 1, 1, 2, 2, 2, 3]);
  while (kinds.length < many) {
    const kind = random() < 0.12 ? choiceKind(random) : pick(random, KINDS);
    const parameter = random() < 0.55 ? pick(random, kind.names) : oddName(random);
    if (properties[parameter] || kinds.some((other) => other.kind === kind)) continue;
    kinds.push({ name: parameter, kind });
    properties[parameter] = { type: kind.type, ...(kind.choices && { enum: kind.choices }) };
  }
  const end = described === "" ? "" : pick(random, [".", "", "", " in the system.", " of the user.", "."]);
  return {
    tool: { name, description: described + end, properties },
    subject: object,
    ask: (draw) => {
      const asked = pick(draw, words(looksUp ? "ask" : "do")).replace("{o}", object);
      return withMentions(asked.replace("{v}", pick(draw, verbs)), kinds, draw);
    },
  };
}

function madeUpName(object: string, verbs: readonly string[], looksUp: boolean, random: Random): string {
  const verb = pick(random, verbs);
  const noun = object.replaceAll(" ", "_");
  const style = random();
  const name = style < 0.75 || !looksUp ? `${verb}_${noun}` : style < 0.9 ? noun : `${noun}_${verb}`;
  return random() < 0.15 ? camelCase(name) : name;
}

/** Adds values for most of the parameters to a question, in any order. */
function withMentions(asked: string, kinds: readonly NamedKind[], random: Random): ReturnType<Draft["ask"]> {
  const given: Record<string, unknown> = {};
  const mentions: string[] = [];
  /** Free text without quotation marks, behind which nothing else could be told from it. */
  let last = "";
  for (const { name, kind } of kinds) {
    if (kinds.length > 1 && random() < 0.12) continue;
    const value = kind.value(random);
    given[name] = kind.type === "boolean" ? value === "yes" : value;
    const mention = pick(random, mentionsOf(name, kind, kinds.length > 1, random))
      .replace("{v}", String(value))
      .replace("{n}", name.replaceAll("_", " "));
    if (kind.isText && !/["']/.test(mention) && last === "") last = mention;
    else mentions.push(mention);
  }
  // Values come in any order; the call has that of the tool.
  if (random() < 0.4) mentions.reverse();
  if (last !== "") mentions.push(last);
  const first = random() < 0.08 && mentions.length === 1;
  const question = first ? `${mentions[0]}: ${asked}` : [asked, ...mentions].join(" ").replace(" : ", ": ");
  return { question, given };
}

/** Where several values are given, one whose parameter has an odd name is mostly told by it. */
function mentionsOf(
  name: string,
  kind: ParameterKind,
  isOneOfMany: boolean,
  random: Random,
): readonly string[] {
  if (!isOneOfMany || kind.names.includes(name) || random() < 0.15) return kind.mentions;
  const naming = kind.mentions.filter((mention) => mention.includes("{n}"));
  return naming.length > 0 ? naming : kind.mentions;
}

/** A tool of the corpus under one of its names, with the questions people ask it. */
export function knownDraft(
  { names, descriptions, parameters, questions }: ToolQuestions,
  random: Random,
): Draft {
  const known = pick(random, names);
  const kind = random();
  const name = kind < 0.65 ? known : kind < 0.85 ? `${madeUpWord(random)}_${known}` : oddName(random);
  const takes = Array.from(parameters, ([parameter, kindName]) => ({
    parameter,
    called: random() < 0.7 ? parameter : oddName(random),
    kind: toValues(kindName),
  }));
  const properties: Tool["properties"] = {};
  for (const {
    called,
    kind: { type, choices },
  } of takes)
    properties[called] = { type, ...(choices && { enum: choices }) };
  return {
    tool: { name, description: random() < 0.95 ? pick(random, descriptions) : "", properties },
    subject: names[0]!,
    ask: (draw) => {
      const phrasing = drawn(pick(draw, questions), new Map(), draw);
      const given: Record<string, unknown> = {};
      const question = phrasing.replace(/\{(\w+)\}/g, (_, parameter: string) => {
        const { called, kind: values } = takes.find((taken) => taken.parameter === parameter)!;
        return String((given[called] ??= values.value(draw)));
      });
      return { question, given };
    },
  };
}

/** The name of a kind, with a digit for the second of that kind, or choices between `|`. */
function toValues(kind: string): Pick<ParameterKind, "type" | "value" | "choices"> {
  if (kind.includes("|")) {
    const choices = kind.split("|");
    return { type: "string", value: (random) => pick(random, choices), choices };
  }
  const known = VALUES[kind.replace(/\d$/, "")];
  if (!known) throw new RangeError(`there is no kind of value '${kind}'`);
  return known;
}
