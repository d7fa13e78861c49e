import { join } from "node:path";
import { readCorpus } from "./lib/corpus.ts";
import { Evaluation } from "./lib/evaluation.ts";
import { readHeldOut } from "./lib/held-out.ts";
import { Talker } from "./lib/talker.ts";

/* `bun models/guide/evaluate.ts [file] [every]`: asks everything, or each so-manieth question, and prints the scores. */

await using guide = await Talker.load(Bun.argv[2] ?? join(import.meta.dir, "guide.gguf"));
const evaluation = new Evaluation(await readCorpus(), await readHeldOut(), Number(Bun.argv[3] ?? 1));

const rows = ["| What | Bar | Reached |", "| --- | --- | --- |"];
for (const { name, bar, right, asked, wrong } of await evaluation.all(guide)) {
  console.log(`\n${name}: ${right} of ${asked}`);
  for (const miss of wrong) console.log(`  ${miss}`);
  rows.push(
    `| ${name} | ≥ ${bar * 100} % | ${((100 * right) / asked).toFixed(1)} % (${right} of ${asked}) |`,
  );
}
console.log(`\n${rows.join("\n")}`);
process.exit(0);
