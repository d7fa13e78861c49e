import type { ChatBody } from "./chat-request.ts";

export const SNIPPET_KINDS = ["curl", "Python", "JavaScript"] as const;
export type SnippetKind = (typeof SNIPPET_KINDS)[number];

interface Target {
  /** Origin of this server, without a slash at its end. */
  origin: string;
  /** Whether the server asks for a key; the key itself never stands in a snippet. */
  needsKey: boolean;
}

/** The request of the page as a program would make it. */
export function snippet(kind: SnippetKind, body: ChatBody, target: Target): string {
  switch (kind) {
    case "curl":
      return curl(body, target);
    case "Python":
      return python(body, target);
    case "JavaScript":
      return javascript(body, target);
  }
}

function curl(body: ChatBody, { origin, needsKey }: Target): string {
  const json = JSON.stringify(body, null, 2);
  return [
    `curl -N ${origin}/v1/chat/completions \\`,
    "  -H 'content-type: application/json' \\",
    ...(needsKey ? ['  -H "authorization: Bearer $BERTH_API_KEY" \\'] : []),
    `  -d ${shellQuote(json)}`,
  ].join("\n");
}

/** What the SDKs do not know by name goes into the body beside it. */
const EXTRAS = new Set(["top_k", "min_p", "repeat_penalty"]);

function python(body: ChatBody, { origin, needsKey }: Target): string {
  const { stream_options: _, ...rest } = body;
  const known = Object.entries(rest).filter(([name]) => !EXTRAS.has(name));
  const extras = Object.entries(rest).filter(([name]) => EXTRAS.has(name));
  const lines = [
    ...(needsKey ? ["import os", ""] : []),
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${origin}/v1", api_key=${needsKey ? 'os.environ["BERTH_API_KEY"]' : '"none"'})`,
    "",
    "stream = client.chat.completions.create(",
    ...known.map(([name, value]) => `    ${name}=${indent(pythonValue(value), "    ")},`),
    ...(extras.length > 0
      ? [`    extra_body=${indent(pythonValue(Object.fromEntries(extras)), "    ")},`]
      : []),
    ")",
    "for chunk in stream:",
    "    if chunk.choices:",
    '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
    "print()",
  ];
  return lines.join("\n");
}

function javascript(body: ChatBody, { origin, needsKey }: Target): string {
  const { stream_options: _, ...rest } = body;
  return [
    'import OpenAI from "openai";',
    "",
    "const client = new OpenAI({",
    `  baseURL: "${origin}/v1",`,
    `  apiKey: ${needsKey ? "process.env.BERTH_API_KEY" : '"none"'},`,
    "});",
    "",
    `const stream = await client.chat.completions.create(${JSON.stringify(rest, null, 2)});`,
    "for await (const chunk of stream) {",
    '  process.stdout.write(chunk.choices[0]?.delta.content ?? "");',
    "}",
    "console.log();",
  ].join("\n");
}

/** Between single quotes a shell reads everything as it stands, but for the quote itself. */
const shellQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function pythonValue(value: unknown): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null || value === undefined) return "None";
  if (Array.isArray(value))
    return value.length === 0
      ? "[]"
      : `[\n${value.map((item) => `    ${indent(pythonValue(item), "    ")},`).join("\n")}\n]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([name, item]) => `${JSON.stringify(name)}: ${pythonValue(item)}`)
      .join(", ")}}`;
  // A JSON string is a Python string as well, surrogate pairs included once they are characters.
  return JSON.stringify(value);
}

const indent = (text: string, by: string): string => text.replaceAll("\n", `\n${by}`);
