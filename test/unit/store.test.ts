import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { DATABASE_FILE, openDatabase } from "../../src/store/database.ts";
import { DeploymentStore } from "../../src/store/deployment-store.ts";
import { MIGRATIONS } from "../../src/store/migrations.ts";
import { TuningStore } from "../../src/store/tuning-store.ts";

let folder = "";
let home = "";
let lines: string[] = [];
const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-store-"));
  home = folder;
  lines = [];
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const key = { file: "model.gguf:123:456", device: "auto", threads: 4 };
const path = () => join(home, DATABASE_FILE);

/** Opens, does something with the tuning, and closes. */
function withStore<T>(act: (store: TuningStore) => T, machine = "x64 Test CPU"): T {
  const database = openDatabase(home, log);
  try {
    return act(new TuningStore({ database, log, machine }));
  } finally {
    database.close();
  }
}

describe("tuning", () => {
  test("is unknown at first and remembered by the next run", () => {
    expect(withStore((store) => store.get(key))).toBeNull();
    withStore((store) => store.set(key, { decodeThreads: 3 }));
    expect(withStore((store) => store.get(key))).toEqual({ decodeThreads: 3 });
    withStore((store) => store.set(key, { decodeThreads: 2 }));
    expect(withStore((store) => store.get(key))).toEqual({ decodeThreads: 2 });
    expect(lines).toEqual([]);
  });

  test("is another one for other contents, another device, other CPUs or another machine", () => {
    withStore((store) => store.set(key, { decodeThreads: 3 }));
    for (const other of [{ file: "model.gguf:123:457" }, { device: "cpu" }, { threads: 2 }])
      expect(withStore((store) => store.get({ ...key, ...other }))).toBeNull();
    expect(withStore((store) => store.get(key), "arm64 Test CPU")).toBeNull();
  });

  test("that can not be kept stops nothing", () => {
    const database = openDatabase(home, log);
    const store = new TuningStore({ database, log });
    database.close();
    store.set(key, { decodeThreads: 3 });
    expect(store.get(key)).toBeNull();
    expect(lines.join()).toContain("tuning can not be kept");
  });
});

describe("the database", () => {
  test("is made with its folder, in WAL mode and at the newest version", () => {
    home = join(home, "not", "there", "yet");
    const database = openDatabase(home, log);
    expect(database.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(database.query("PRAGMA user_version").get()).toEqual({ user_version: MIGRATIONS.length });
    database.close();
  });

  test("may be open twice", () => {
    const [first, second] = [openDatabase(home, log), openDatabase(home, log)];
    new TuningStore({ database: first, log }).set(key, { decodeThreads: 3 });
    expect(new TuningStore({ database: second, log }).get(key)).toEqual({ decodeThreads: 3 });
    first.close();
    second.close();
  });

  test.each([
    ["no database at all", "This is a text file.\n".repeat(500)],
    ["cut off", null],
  ])("that is %s is moved aside, and a new one takes its place", async (_, contents) => {
    withStore((store) => {
      for (let threads = 1; threads <= 500; threads++) store.set({ ...key, threads }, { decodeThreads: 1 });
    });
    const damaged = contents ?? (await Bun.file(path()).bytes()).slice(0, 10_000);
    await writeFile(path(), damaged);
    withStore((store) => store.set(key, { decodeThreads: 3 }));
    expect(withStore((store) => store.get(key))).toEqual({ decodeThreads: 3 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("database is damaged");
    const aside = (await readdir(home)).filter((name) => /^berth\.db\.damaged-\d+$/.test(name));
    expect(aside).toHaveLength(1);
  });

  test("of a later version is left alone", async () => {
    const later = new Database(path());
    later.run(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    later.close();
    withStore((store) => {
      store.set(key, { decodeThreads: 3 });
      expect(store.get(key)).toEqual({ decodeThreads: 3 });
    });
    expect(lines.join()).toContain("nothing will be remembered");
    expect(await readdir(home)).toEqual([DATABASE_FILE]);
  });

  test("lives in memory where no file can be had", async () => {
    await writeFile(join(home, "file"), "");
    home = join(home, "file");
    withStore((store) => {
      store.set(key, { decodeThreads: 3 });
      expect(store.get(key)).toEqual({ decodeThreads: 3 });
    });
    expect(lines.join()).toContain("nothing will be remembered");
  });
});

describe("deployments", () => {
  const withDeployments = <T>(use: (store: DeploymentStore) => T): T => {
    const database = openDatabase(home, log);
    try {
      return use(new DeploymentStore({ database, log }));
    } finally {
      database.close();
    }
  };

  test("are there after a restart, without the token for the hub", async () => {
    withDeployments((store) => {
      store.save({ model_name: "a", context_length: 512, hf_token: "hf_secret", wait: true });
      store.save({ model_name: "b", alias: "two" });
      store.save({ model_name: "c" });
      store.remove("c");
    });
    expect(withDeployments((store) => store.list())).toEqual([
      { model_name: "a", context_length: 512 },
      { model_name: "b", alias: "two" },
    ]);
    for (const name of await readdir(home))
      expect(await Bun.file(join(home, name)).text()).not.toContain("hf_secret");
  });

  test("that a later version wrote otherwise are left out, and told", () => {
    withDeployments((store) => store.save({ model_name: "a" }));
    const database = openDatabase(home, log);
    database.run("INSERT INTO deployment VALUES ('b', '{\"model\":1}', 1), ('c', 'no JSON', 2)");
    database.close();
    expect(withDeployments((store) => store.list())).toEqual([{ model_name: "a" }]);
    expect(lines.join()).toContain("can not be read and is left out");
  });
});
