import { expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DownloadJournal, type DownloadRecord } from "../../src/hub/download-journal.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const record = (id: string, url: string, created: number): DownloadRecord => ({
  id,
  model: {
    name: "user/repo/m.gguf",
    files: [{ name: "user/repo/m.gguf", url, repo: "user/repo", size: 9, sha256: null, etag: null }],
    fileSize: 9,
    quantisation: null,
    repo: "user/repo",
    commit: "abc",
  },
  wanted: true,
  paused: false,
  created,
  error: null,
});

test("downloads are found again, oldest first, until they are removed", async () => {
  await using folder = await temporaryFolder();
  const journal = new DownloadJournal(join(folder.path, "downloads"));
  expect(await journal.list()).toEqual([]);
  const [late, early] = [record("b", "https://hub/m.gguf", 2), record("a", "https://hub/m.gguf", 1)];
  await Promise.all([journal.save(late), journal.save(early), journal.save({ ...late, paused: true })]);
  expect(await journal.list()).toEqual([early, { ...late, paused: true }]);
  expect((await stat(join(folder.path, "downloads/a.json"))).mode & 0o077).toBe(0);
  await journal.remove("a");
  expect((await journal.list()).map(({ id }) => id)).toEqual(["b"]);
});

test("an address that carries a secret is kept without it, and can not go on by itself", async () => {
  await using folder = await temporaryFolder();
  const journal = new DownloadJournal(folder.path);
  await journal.save(record("a", "https://host/m.gguf?signature=secret", 1));
  expect(await Bun.file(join(folder.path, "a.json")).text()).not.toContain("secret");
  const [found] = await journal.list();
  expect(found?.model.files[0]?.url).toBe("https://host/m.gguf");
  expect(found?.error?.message).toContain("pull it again");
});

test("what can not be read is left out", async () => {
  await using folder = await temporaryFolder();
  const journal = new DownloadJournal(folder.path);
  await journal.save(record("a", "https://hub/m.gguf", 1));
  await Bun.write(join(folder.path, "b.json"), "{");
  await Bun.write(join(folder.path, "c.json"), '{"id":"../c","model":{"files":[]}}');
  await Bun.write(join(folder.path, ".a.json.half"), "{");
  expect((await journal.list()).map(({ id }) => id)).toEqual(["a"]);
});
