import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { TestBrowser } from "./support/browser.ts";
import { pictures } from "./screenshots/pictures.ts";
import { tour } from "./screenshots/tour.ts";

/*
 * `bun run screenshots` takes the two pictures of the README anew; `bun run screenshots <folder>` takes every
 * view in light and dark, wide and on a phone, for whoever changes how the page looks. The engine behind it is
 * the tests' own: it answers from a script, so that the pictures are the same every time.
 */

const [folder] = process.argv.slice(2);
const into = folder ?? join(import.meta.dir, "..", "docs", "images");
await mkdir(into, { recursive: true });
{
  await using browser = await TestBrowser.start();
  await (folder === undefined ? pictures : tour)(browser, into);
}
console.log(`Written to ${into}`);
// Connections that are kept for a next request would hold the process for minutes.
process.exit();
