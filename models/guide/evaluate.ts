import { join } from "node:path";
import { readCorpus } from "./lib/corpus.ts";
import { Evaluation } from "./lib/evaluation.ts";
import { readHeldOut } from "./lib/held-out.ts";
import { Talker } from "./lib/talker.ts";

/*
 * `bun models/guide/evaluate.ts [file] [every]`: asks everything, or each so-manieth question, and prints the scores.
 * Those of guide.gguf for everything are kept in scores.json, which the README and the tests go by.
 */

const HERE = import.meta.dir;
const [, , file, every] = Bun.argv;

await using guide = await Talker.load(file ?? join(HERE, "guide.gguf"));
const evaluation = new Evaluation(await readCorpus(), await readHeldOut(), Number(every ?? 1));

const rows = ["| What | Bar | Reached |", "| --- | --- | --- |"];
const kept: Record<string, { right: number; asked: number }> = {};
for (const { name, bar, right, asked, wrong } of await evaluation.all(guide)) {
  console.log(`\n${name}: ${right} of ${asked}`);
  for (const miss of wrong) console.log(`  ${miss}`);
  rows.push(
    `| ${name} | ≥ ${bar * 100} % | ${((100 * right) / asked).toFixed(1)} % (${right} of ${asked}) |`,
  );
  kept[name] = { right, asked };
}
console.log(`\n${rows.join("\n")}`);
if (file === undefined) await Bun.write(join(HERE, "scores.json"), `${JSON.stringify(kept, null, 2)}\n`);
process.exit(0);
