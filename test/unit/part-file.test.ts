import { expect, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../../src/hub/part-file.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("a file that can not be replaced leaves nothing of the attempt behind", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "state.json");
  // A folder takes the place of a disk that is full: what was written gets no name.
  await mkdir(join(path, "in the way"), { recursive: true });
  await expect(writeWhole(path, "{}")).rejects.toThrow();
  expect(await readdir(folder.path)).toEqual(["state.json"]);
});
