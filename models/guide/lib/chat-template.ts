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

/**
 * ChatML. Tools are a turn of their own, one line each: `name(parameter: type, …) description`; a choice
 * has its values for a type. Much shorter than JSON Schema, which a small model could hardly keep in view.
 */
export const GUIDE_TEMPLATE = [
  "{%- if messages and messages[0]['role'] == 'system' -%}",
  `{{- '${TURN_START}system\\n' + messages[0]['content'] + '${TURN_END}\\n' -}}`,
  "{%- endif -%}",
  "{%- if tools -%}",
  `{{- '${TURN_START}tools' -}}`,
  "{%- for tool in tools -%}",
  "{%- set function = tool['function'] if tool['function'] else tool -%}",
  "{{- '\\n' + function['name'] + '(' -}}",
  "{%- if function['parameters'] and function['parameters']['properties'] -%}",
  "{%- for name, parameter in function['parameters']['properties'] | items -%}",
  "{%- if not loop.first -%}{{- ', ' -}}{%- endif -%}",
  "{{- name + ': ' -}}",
  "{%- if parameter['enum'] -%}{{- parameter['enum'] | join('|') -}}",
  "{%- elif parameter['type'] is string -%}{{- parameter['type'] -}}",
  "{%- else -%}{{- 'string' -}}{%- endif -%}",
  "{%- endfor -%}",
  "{%- endif -%}",
  "{{- ') ' + (function['description'] or '') -}}",
  "{%- endfor -%}",
  `{{- '${TURN_END}\\n' -}}`,
  "{%- endif -%}",
  "{%- for message in messages -%}",
  "{%- if not (loop.first and message['role'] == 'system') -%}",
  `{{- '${TURN_START}' + message['role'] + '\\n' + (message['content'] or '') -}}`,
  "{%- if message['tool_calls'] -%}",
  "{%- for call in message['tool_calls'] -%}",
  "{%- set function = call['function'] if call['function'] else call -%}",
  "{%- if message['content'] or not loop.first -%}{{- '\\n' -}}{%- endif -%}",
  `{{- '${CALL_START}\\n{"name": "' + function['name'] + '", "arguments": ' -}}`,
  "{%- if function['arguments'] is string -%}{{- function['arguments'] -}}",
  "{%- else -%}{{- function['arguments'] | tojson -}}{%- endif -%}",
  `{{- '}\\n${CALL_END}' -}}`,
  "{%- endfor -%}",
  "{%- endif -%}",
  `{{- '${TURN_END}\\n' -}}`,
  "{%- endif -%}",
  "{%- endfor -%}",
  `{%- if add_generation_prompt -%}{{- '${TURN_START}assistant\\n' -}}{%- endif -%}`,
].join("\n");

/** The tools' turn, as the template writes it. */
export function toolsTurn(tools: readonly Tool[]): string {
  const lines = tools.map(({ name, description, properties }) => {
    const parameters = Object.entries(properties).map(
      ([parameter, { type, enum: values }]) => `${parameter}: ${values ? values.join("|") : type}`,
    );
    return `\n${name}(${parameters.join(", ")}) ${description}`;
  });
  return `tools${lines.join("")}`;
}

/** The answer that calls a tool. */
export const toolCall = (name: string, given: Readonly<Record<string, unknown>>): string =>
  `${CALL_START}\n{"name": "${name}", "arguments": ${spacedJson(given)}}\n${CALL_END}`;

/** One line with a space behind every comma and colon, as Jinja's `tojson` and most models write it. */
export function spacedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, held]) => `${JSON.stringify(key)}: ${spacedJson(held)}`)
    .join(", ")}}`;
}
