import { spacedJson } from "./chat-template.ts";
import { pick, type Random } from "./grammar.ts";
import { KINDS } from "./parameters.ts";
import { madeUpWord } from "./values.ts";
import { words } from "./words.ts";

const TOLD = KINDS.filter(({ type }) => type !== "boolean");

/** What a tool may return (an error, some text, an object), and the answer to tell it by. */
export function toolResult(random: Random): { content: string; answer: string } {
  const style = random();
  const value = () => pick(random, TOLD).value(random);
  if (style < 0.15) {
    const what = `${pick(random, ["no", "unknown", "missing", "invalid", "wrong"])} ${pick(random, words("result-keys"))}`;
    const reason = what + (random() < 0.5 ? ` ${madeUpWord(random)}` : "");
    return { content: spacedJson({ error: reason }), answer: `That did not work: ${reason}.` };
  }
  if (style < 0.4) {
    const text = Array.from({ length: 1 + Math.floor(random() * 3) }, value).join(", ");
    return { content: text, answer: told([text]) };
  }
  const fields = new Map<string, unknown>();
  for (let left = 1 + Math.floor(random() * 3); left > 0; left--)
    fields.set(
      random() < 0.85 ? pick(random, words("result-keys")) : madeUpWord(random),
      random() < 0.08 ? random() < 0.5 : value(),
    );
  return {
    content: spacedJson(Object.fromEntries(fields)),
    answer: told(Array.from(fields, ([key, held]) => `${key} ${String(held)}`)),
  };
}

const told = (parts: readonly string[]) => `Here is what I got: ${parts.join(", ")}.`;
