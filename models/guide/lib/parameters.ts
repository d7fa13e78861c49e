import { readSections } from "./corpus.ts";
import { pick, type Random } from "./grammar.ts";
import { between, madeUpWord, VALUES, type ValueKind } from "./values.ts";
import { ALL_WORDS, words } from "./words.ts";

/** A kind of parameter of put-together tools. */
export interface ParameterKind extends ValueKind {
  names: readonly string[];
  /** How a question brings it in: `{v}` is the value, `{n}` the parameter's name in words, `{u}` its unit. */
  mentions: readonly string[];
  /** Free text of several words. */
  isText: boolean;
  choices?: string[];
}

const sections = new Map((await readSections("parameters.md")).map((section) => [section.id, section]));

function wording(id: string): Pick<ParameterKind, "names" | "mentions"> {
  const fields = sections.get(id)?.fields;
  const [names, says] = [fields?.get("names"), fields?.get("says")];
  if (names === undefined || says === undefined)
    throw new RangeError(`the parameter ${id} needs names and says`);
  return { names: names.split(", "), mentions: says.split(" | ") };
}

function kind(id: string): ParameterKind {
  const values = VALUES[id];
  if (!values) throw new RangeError(`there is no kind of value '${id}'`);
  return { ...wording(id), ...values, isText: id === "text" };
}

const CHOICE = "choice";

/** All kinds but choices. */
export const KINDS: readonly ParameterKind[] = [...sections.keys()].filter((id) => id !== CHOICE).map(kind);

/** A choice between values that are drawn here, once per tool. */
export function choiceKind(random: Random): ParameterKind {
  const choices =
    random() < 0.7
      ? pick(random, words("choices")).split(" ")
      : Array.from({ length: between(random, 2, 4) }, () => madeUpWord(random));
  return { ...wording(CHOICE), type: "string", value: (draw) => pick(draw, choices), isText: false, choices };
}

/** A name that tells nothing of the values, so that it has to be copied: a word or two, real or made up. */
export function oddName(random: Random): string {
  const word = () => (random() < 0.5 ? madeUpWord(random) : pick(random, ALL_WORDS));
  return random() < 0.25 ? `${word()}_${word()}` : word();
}
