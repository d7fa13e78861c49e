import { setUp } from "./setup/set-up.ts";

/*
 * What `bun start` runs: set-up, then the server in this same process, so that signals reach it directly.
 */

try {
  await setUp({ development: false });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
// Imported only now: its packages may not have been there before.
await import("./main.ts");
