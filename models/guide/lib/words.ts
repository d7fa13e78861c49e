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
