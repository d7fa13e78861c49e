import type { Tool } from "./chat-template.ts";
import type { ToolQuestions } from "./corpus.ts";
import { drawn, pick, type Random } from "./grammar.ts";
import { choiceKind, KINDS, oddName, type ParameterKind } from "./parameters.ts";
import { like, madeUpWord, VALUES } from "./values.ts";
import { ALL_WORDS, words } from "./words.ts";

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
/** Ends of names that are units: a question says them behind the value, if at all. */
const UNITS = new Set("km cm kg mb m min gb mm kmh w ml deg eur m2 ms c".split(" "));

/** A parameter's name as a question says it, and its unit. */
function spoken(name: string): { cue: string; unit: string } {
  const parts = name.split("_");
  const unit = parts.length > 1 && UNITS.has(parts.at(-1)!) ? parts.pop()! : "";
  return { cue: parts.join(" "), unit };
}

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
    const parameter = random() < 0.75 ? pick(random, kind.names) : oddName(random);
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
    if (kinds.length > 1 && random() < 0.22) continue;
    const value = kind.value(random);
    given[name] = kind.type === "boolean" ? value === "yes" : value;
    const { cue, unit } = spoken(name);
    const mention = pick(random, mentionsOf(name, kind, kinds.length > 1, random))
      .replace("{v}", () => String(value))
      .replace("{n}", cue)
      .replace("{u}", unit)
      .trim();
    if (kind.isText && !/["']/.test(mention) && last === "") last = mention;
    else mentions.push(mention);
  }
  // Values come in any order; the call has that of the tool.
  if (random() < 0.4) mentions.reverse();
  if (last !== "") mentions.push(last);
  const first = random() < 0.08 && mentions.length === 1;
  if (mentions.length > 1 && random() < 0.35 && !/^(and\b|:)/.test(mentions.at(-1)!))
    mentions.push(`and ${mentions.pop()}`);
  const question = first ? `${mentions[0]}: ${asked}` : [asked, ...mentions].join(" ").replace(" : ", ": ");
  return { question, given };
}

/** Where several values are given, they are mostly told by the names of their parameters; odd names tell nothing else. */
function mentionsOf(
  name: string,
  kind: ParameterKind,
  isOneOfMany: boolean,
  random: Random,
): readonly string[] {
  const isTold = isOneOfMany && random() < (kind.names.includes(name) ? 0.5 : 0.9);
  if (!isTold) return kind.mentions;
  const naming = kind.mentions.filter((mention) => mention.includes("{n}"));
  return naming.length > 0 ? naming : kind.mentions;
}

/**
 * A tool of the corpus under one of its names, with the questions people ask it. Names are changed now and then, so
 * that they are copied and not known by heart.
 */
export function knownDraft(
  { names, descriptions, parameters, questions }: ToolQuestions,
  random: Random,
): Draft {
  const called = new Map<string, string>();
  const properties: Tool["properties"] = {};
  const kinds = new Map<string, ToldKind>();
  const types = new Set([...parameters.values()].map((kindName) => toldKind(kindName).type));
  const unasked = KINDS.filter(({ type }) => !types.has(type));
  /** Parameters of a type that no question has a value of are left out of the call. */
  const addUnasked = () => {
    if (unasked.length === 0 || random() >= 0.15) return;
    const kind = pick(random, unasked);
    const name = pick(random, kind.names);
    if (!parameters.has(name)) properties[name] ??= { type: kind.type };
  };
  addUnasked();
  for (const [parameter, kindName] of parameters) {
    const kind = toldKind(kindName);
    const name = changedName(parameter, random);
    called.set(parameter, properties[name] ? parameter : name);
    kinds.set(parameter, kind);
    properties[called.get(parameter)!] = { type: kind.type, ...(kind.choices && { enum: kind.choices }) };
  }
  addUnasked();
  return {
    tool: {
      name: changedName(pick(random, names), random),
      description: random() < 0.96 ? pick(random, descriptions) : "",
      properties,
    },
    subject: names[0]!,
    ask: (draw) => {
      const phrasing = drawn(pick(draw, questions), new Map(), draw);
      const given: Record<string, unknown> = {};
      const question = phrasing.replace(/\{(\w+)\}/g, (_, parameter: string, at: number) => {
        const name = called.get(parameter);
        if (name === undefined) throw new RangeError(`${names[0]} has no parameter '${parameter}'`);
        const value = String((given[name] ??= kinds.get(parameter)!.value(draw)));
        return isCued(phrasing.slice(0, at), parameter, name, draw) ? `${spoken(name).cue} ${value}` : value;
      });
      return { question, given };
    },
  };
}

/**
 * Whether a value has the name of its parameter before it, which is no part of it: where there is a word's room, and
 * mostly where the name tells nothing of the value, but not where the phrasing names it already.
 */
function isCued(before: string, parameter: string, name: string, random: Random): boolean {
  const hasRoom = /(^|\s)$/.test(before);
  const isNamed = parameter.split("_").includes(before.toLowerCase().trimEnd().split(" ").at(-1)!);
  return hasRoom && !isNamed && random() < (name === parameter ? 0.18 : 0.6);
}

/** Mostly as it is; else with a word before or behind it, or another name altogether. */
function changedName(name: string, random: Random): string {
  const kind = random();
  if (kind < 0.88) return name;
  const word = random() < 0.5 ? pick(random, ALL_WORDS) : madeUpWord(random);
  if (kind < 0.92) return `${word}_${name}`;
  if (kind < 0.96) return `${name}_${word}`;
  return oddName(random);
}

type ToldKind = Pick<ParameterKind, "type" | "value" | "choices">;

/** The name of a kind, with a digit for the second of that kind, choices between `|`, or examples behind a `~`. */
function toldKind(kind: string): ToldKind {
  if (kind.startsWith("~")) return { type: "string", value: like(kind.slice(1).split("/")) };
  if (kind.includes("|")) {
    const choices = kind.split("|");
    return { type: "string", value: (random) => pick(random, choices), choices };
  }
  const known = VALUES[kind.replace(/\d$/, "")];
  if (!known) throw new RangeError(`there is no kind of value '${kind}'`);
  return known;
}
