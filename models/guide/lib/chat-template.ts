import { TURN_END, TURN_START } from "../../../src/formats/bpe/vocabulary.ts";

/** A function that a request offers, as OpenAI clients describe it. */
export interface Tool {
  name: string;
  description: string;
  /** JSON Schema of each parameter, by name. */
  properties: Record<string, { type: string; enum?: string[] }>;
}

export interface Turn {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
  /** Calls as OpenAI clients give them back; training writes them into the content. */
  tool_calls?: readonly unknown[];
}

export const CALL_START = "<tool_call>";
export const CALL_END = "</tool_call>";

/** What a call, and the line that offers its tool, have before the name and between name and arguments. */
export const NAME_OPENS = '{"name": "';
export const ARGUMENTS_OPEN = '", "arguments": {';

/** So many letters of a word of the question, found in a tool's name or description, are a word they share. */
const STEM = 4;

/** Stands in place of the space before a word of the question that is the tool's own. */
const MARK = "~";

/** Words too common to be anyone's own. */
const COMMON = ["the", "and", "for"];

/**
 * ChatML. Tools are a turn of their own, right behind the last question. Each has two lines: what it is for, and its
 * call with types where values go; much shorter than JSON Schema, which a small model could hardly keep in view. The
 * tool that shares most words with the question comes last (`fitting` tells how): five million weights learn to copy
 * what is near far sooner than to weigh one description against another. The turn ends with the question again: what
 * is read behind the tools and the whole question can be told to be a verb, a parameter's name or a value, while the
 * words that stand first are read before there is anything to tell it by. There, words that the last tool has in its
 * name, its description or its parameters are marked (`marked` tells how): they are seldom values.
 */
export const GUIDE_TEMPLATE = [
  "{%- set asked = namespace(last=(messages | length) - 1) -%}",
  "{%- for message in messages -%}",
  "{%- if message['role'] == 'user' -%}{%- set asked.last = loop.index0 -%}{%- endif -%}",
  "{%- endfor -%}",
  "{%- for message in messages -%}",
  `{{- '${TURN_START}' + message['role'] + '\\n' + (message['content'] or '') -}}`,
  "{%- if message['tool_calls'] -%}",
  "{%- for call in message['tool_calls'] -%}",
  "{%- set function = call['function'] if call['function'] else call -%}",
  "{%- if message['content'] or not loop.first -%}{{- '\\n' -}}{%- endif -%}",
  `{{- '${CALL_START}\\n${NAME_OPENS}' + function['name'] + '", "arguments": ' -}}`,
  "{%- if function['arguments'] is string -%}{{- function['arguments'] -}}",
  "{%- else -%}{{- function['arguments'] | tojson -}}{%- endif -%}",
  `{{- '}\\n${CALL_END}' -}}`,
  "{%- endfor -%}",
  "{%- endif -%}",
  `{{- '${TURN_END}\\n' -}}`,
  "{%- if tools and loop.index0 == asked.last -%}",
  `{{- '${TURN_START}tools' -}}`,
  "{%- set fit = namespace(at=0, words=0) -%}",
  "{%- for tool in tools -%}",
  "{%- set at = loop.index0 -%}",
  "{%- set function = tool['function'] if tool['function'] else tool -%}",
  "{%- set about = (function['name'] + ' ' + (function['description'] or '')) | lower -%}",
  "{%- set shared = namespace(words=0) -%}",
  "{%- for word in ((message['content'] or '') | lower).split(' ') -%}",
  `{%- if word | length >= ${STEM} and word[:${STEM}] in about -%}`,
  "{%- set shared.words = shared.words + 1 -%}",
  "{%- endif -%}",
  "{%- endfor -%}",
  "{%- if shared.words >= fit.words -%}{%- set fit.at = at -%}{%- set fit.words = shared.words -%}{%- endif -%}",
  "{%- endfor -%}",
  "{%- set own = namespace(words='') -%}",
  "{%- for tool in tools[:fit.at] + tools[fit.at + 1:] + [tools[fit.at]] -%}",
  "{%- set function = tool['function'] if tool['function'] else tool -%}",
  "{%- set own.words = ' ' + function['name'] + ' ' + (function['description'] or '') -%}",
  "{{- '\\n# ' + (function['description'] or '') + '\\n' -}}",
  `{{- '${NAME_OPENS}' + function['name'] + '${ARGUMENTS_OPEN}' -}}`,
  "{%- if function['parameters'] and function['parameters']['properties'] -%}",
  "{%- for name, parameter in function['parameters']['properties'] | items -%}",
  "{%- if not loop.first -%}{{- ', ' -}}{%- endif -%}",
  "{%- set own.words = own.words + ' ' + name -%}",
  `{{- '"' + name + '": ' -}}`,
  "{%- if parameter['enum'] -%}{{- parameter['enum'] | join('|') -}}",
  "{%- elif parameter['type'] is string -%}{{- parameter['type'] -}}",
  "{%- else -%}{{- 'string' -}}{%- endif -%}",
  "{%- endfor -%}",
  "{%- endif -%}",
  "{{- '}}' -}}",
  "{%- endfor -%}",
  "{{- '\\n' -}}",
  "{%- set about = (own.words | lower).split('_') | join(' ') -%}",
  "{%- for word in (message['content'] or '').split(' ') -%}",
  "{%- set low = word | lower -%}",
  `{%- if word | length > 2 and low not in [${COMMON.map((word) => `'${word}'`).join(", ")}] and (' ' + low[:${STEM}]) in about -%}{{- '${MARK}' -}}`,
  "{%- elif not loop.first -%}{{- ' ' -}}{%- endif -%}",
  "{{- word -}}",
  "{%- endfor -%}",
  `{{- '${TURN_END}\\n' -}}`,
  "{%- endif -%}",
  "{%- endfor -%}",
  `{%- if add_generation_prompt -%}{{- '${TURN_START}assistant\\n' -}}{%- endif -%}`,
].join("\n");

/** The tools in the order in which the template offers them for a question: as given, but the one that fits it best last. */
export function fitting(tools: readonly Tool[], question: string): Tool[] {
  const stems = question
    .toLowerCase()
    .split(" ")
    .flatMap((word) => (word.length < STEM ? [] : [word.slice(0, STEM)]));
  const shared = tools.map(({ name, description }) => {
    const about = `${name} ${description}`.toLowerCase();
    return stems.filter((stem) => about.includes(stem)).length;
  });
  const best = shared.lastIndexOf(Math.max(...shared));
  return [...tools.slice(0, best), ...tools.slice(best + 1), tools[best]!];
}

/** The tools' turn, as the template writes it behind a question, for tools in this order. */
export function toolsTurn(tools: readonly Tool[], question: string): string {
  const lines = tools.map(({ name, description, properties }) => {
    const parameters = Object.entries(properties).map(
      ([parameter, { type, enum: values }]) => `"${parameter}": ${values ? values.join("|") : type}`,
    );
    return `\n# ${description}\n${NAME_OPENS}${name}${ARGUMENTS_OPEN}${parameters.join(", ")}}}`;
  });
  return `tools${lines.join("")}\n${marked(question, tools.at(-1)!)}`;
}

/** The question, with a mark in place of the space before each word that begins like one of the tool's own. */
function marked(question: string, { name, description, properties }: Tool): string {
  const about = [" ", name, description, ...Object.keys(properties)]
    .join(" ")
    .toLowerCase()
    .replaceAll("_", " ");
  const isOwn = (word: string) =>
    word.length > 2 && !COMMON.includes(word) && about.includes(` ${word.slice(0, STEM)}`);
  return question
    .split(" ")
    .map((word, at) => (isOwn(word.toLowerCase()) ? MARK : at === 0 ? "" : " ") + word)
    .join("");
}

/** The answer that calls a tool. */
export const toolCall = (name: string, given: Readonly<Record<string, unknown>>): string =>
  `${CALL_START}\n${NAME_OPENS}${name}", "arguments": ${spacedJson(given)}}\n${CALL_END}`;

/** One line with a space behind every comma and colon, as Jinja's `tojson` and most models write it. */
export function spacedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, held]) => `${JSON.stringify(key)}: ${spacedJson(held)}`)
    .join(", ")}}`;
}
