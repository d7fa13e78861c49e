import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mappedMemory } from "../../src/system/mapped-memory.ts";

test("adds up what the processes have mapped, and none of what is theirs alone", async () => {
  const root = `${await mkdtemp(join(tmpdir(), "berth-proc-"))}/`;
  for (const [pid, size] of [
    [11, 4096],
    [12, 1024],
  ]) {
    await mkdir(`${root}proc/${pid}`, { recursive: true });
    await writeFile(
      `${root}proc/${pid}/status`,
      `Name:\tbun\nVmRSS:\t 999999 kB\nRssAnon:\t 88888 kB\nRssFile:\t    ${size} kB\nRssShmem:\t 0 kB\n`,
    );
  }
  expect(await mappedMemory([11, 12], root)).toBe(5120 * 1024);
  expect(await mappedMemory([11, 4711], root)).toBe(4096 * 1024);
  expect(await mappedMemory([], root)).toBe(0);
  await rm(root, { recursive: true });
});
