import { readSections } from "./corpus.ts";

const lists = new Map(
  (await readSections("words.md")).map(({ id, body }) => [id, body.replace(/\s+/g, " ").split(", ")]),
);

/**
 * A list of corpus/words.md.
 * @throws RangeError when there is none of that name
 */
export function words(name: string): readonly string[] {
  const list = lists.get(name);
  if (!list) throw new RangeError(`there is no list '${name}'`);
  return list;
}

/** Every word of those lists that is all lower case, once. */
export const ALL_WORDS: readonly string[] = [
  ...new Set(
    [...lists.values()].flatMap((list) => list.join(" ").match(/(?<![\w{])[a-z]{3,}(?![\w}])/g) ?? []),
  ),
];
