import { join } from "node:path";
import type { Tool } from "./chat-template.ts";
import { readSections } from "./corpus.ts";

/** What the evaluation asks, and no training prompt says. */
export interface HeldOut {
  paraphrases: readonly { entry: string; question: string }[];
  offTopic: readonly string[];
  followUps: readonly { first: string; question: string; expected: string }[];
  tools: readonly HeldOutCall[];
}

export interface HeldOutCall {
  tools: readonly Tool[];
  question: string;
  call: { name: string; arguments: Record<string, unknown> };
}

const FOLDER = join(import.meta.dir, "..", "held-out");

export async function readHeldOut(): Promise<HeldOut> {
  const [paraphrases, offTopic, followUps] = await Promise.all(
    ["paraphrases.md", "off-topic.md", "follow-ups.md"].map((file) => readSections(file, FOLDER)),
  );
  return {
    paraphrases: paraphrases!.flatMap(({ id, questions }) =>
      questions.map((question) => ({ entry: id, question })),
    ),
    offTopic: offTopic!.flatMap(({ questions }) => questions),
    followUps: followUps!.flatMap(({ id, fields, questions }) =>
      questions.map((question) => ({ first: id, question, expected: fields.get("expect") ?? "" })),
    ),
    tools: await heldOutCalls(),
  };
}

async function heldOutCalls(): Promise<HeldOutCall[]> {
  const sections = await readSections("tools.md", FOLDER);
  const tools = sections.map(({ id }) => toTool(id));
  return sections.flatMap(({ questions }, at) =>
    questions.map((line, which): HeldOutCall => {
      const [question = "", given = ""] = line.split(" => ");
      const wanted = tools[at]!;
      // None, one or two of the tools that follow, and the wanted one not always first.
      const others = [1, 2].slice(0, (at + which) % 3).map((step) => tools[(at + step) % tools.length]!);
      const offered = at % 2 === 0 ? [wanted, ...others] : [...others, wanted];
      return { tools: offered, question, call: { name: wanted.name, arguments: JSON.parse(given) } };
    }),
  );
}

/** `name(parameter: type, …) description`; several types are the choices of a string. */
function toTool(line: string): Tool {
  const [, name = "", parameters = "", description = ""] = /^(\w+)\((.*)\) (.*)$/.exec(line) ?? [];
  if (name === "") throw new RangeError(`not a tool: ${line}`);
  const properties: Tool["properties"] = {};
  for (const pair of parameters.split(", ")) {
    const [parameter = "", type = ""] = pair.split(": ");
    properties[parameter] = type.includes("|") ? { type: "string", enum: type.split("|") } : { type };
  }
  return { name, description, properties };
}
