import { afterEach, beforeEach, describe, expect, test, setDefaultTimeout } from "bun:test";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  FileDownload,
  type FileDownloadHooks,
  type FileDownloadOptions,
} from "../../src/hub/file-download.ts";
import { HttpFailure } from "../../src/hub/http.ts";
import type { RemoteFile } from "../../src/hub/locate.ts";
import { partialBytes } from "../../src/hub/part-file.ts";
import { eventually } from "../support/eventually.ts";
import { HubStandIn } from "../support/hub-stand-in.ts";
import { seeded } from "../support/random.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(60_000);

const SIZE = 1_000_000;
const content = new Uint8Array(SIZE).map((_, at) => (at * 7919 + (at >> 8)) & 255);
const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
const quick: FileDownloadOptions = { partSize: 64 * 1024, retryDelayMs: 5, saveEveryMs: 20 };

let hub: HubStandIn;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let target: string;
beforeEach(async () => {
  hub = await HubStandIn.start();
  hub.add("user/repo", { files: { "m.gguf": content } });
  folder = await temporaryFolder();
  target = join(folder.path, "user/repo/m.gguf");
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const file = (changes: Partial<RemoteFile> = {}): RemoteFile => ({
  name: "user/repo/m.gguf",
  url: `${hub.endpoint}/user/repo/resolve/main/m.gguf`,
  repo: "user/repo",
  size: SIZE,
  sha256,
  etag: null,
  ...changes,
});

/** A download, and what it told. */
function download(changes: Partial<RemoteFile> = {}, options: FileDownloadOptions = {}) {
  const told = { bytes: 0, size: 0, retries: [] as { reason: string; delayMs: number }[], verified: 0 };
  const stop = new AbortController();
  const hooks: FileDownloadHooks = {
    signal: stop.signal,
    onBytes: (bytes) => (told.bytes = bytes),
    onSize: (bytes) => (told.size = bytes),
    onVerify: (fraction) => (told.verified = fraction),
    onRetry: (reason, delayMs) => told.retries.push({ reason, delayMs }),
    onVerified: async () => {},
  };
  const access = { endpoint: hub.endpoint, token: null };
  const one = new FileDownload(file(changes), target, access, hooks, { ...quick, ...options });
  const run = one.run().then(() => one.finish());
  run.catch(() => {});
  return { run, told, stop };
}

const onDisk = () => Bun.file(target).bytes();
const isThere = (path: string) => Bun.file(path).exists();

test("a file is fetched in parallel parts, verified, and nothing but the file is left", async () => {
  const { run, told } = download();
  await run;
  expect(await onDisk()).toEqual(content);
  expect(told).toMatchObject({ bytes: SIZE, verified: 1, retries: [] });
  const ranges = hub.contentRequests.map(({ range }) => range);
  expect(ranges.length).toBe(Math.ceil(SIZE / 65_536));
  expect(new Set(ranges).size).toBe(ranges.length);
  expect(await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: folder.path, dot: true }))).toEqual([
    "user/repo/m.gguf",
  ]);
});

test("the hub is asked for the address of the content a few times, not for every part", async () => {
  await download().run;
  expect(hub.seen.filter(({ server }) => server === "hub").length).toBeLessThanOrEqual(4);
});

test("an address that has expired is asked for again", async () => {
  hub.faults.expireAfter = 2;
  await download().run;
  expect(await onDisk()).toEqual(content);
});

describe("a connection that breaks", () => {
  test("loses nothing that arrived", async () => {
    hub.faults.drops = 5;
    hub.faults.dropAfter = 10_000;
    const { run, told } = download();
    await run;
    expect(await onDisk()).toEqual(content);
    expect(told.retries.length).toBeGreaterThanOrEqual(2);
    for (const { reason } of told.retries)
      expect(reason).toMatch(/^the connection (broke \(\w+\)|ended early)$/);
    expect(hub.sent).toBeLessThanOrEqual(SIZE + 50_000);
  });

  test("every time before the first byte is given up at last, and what is there stays", async () => {
    hub.faults.bytesPerSecond = 400_000;
    const first = download({}, { retryDelayMs: 1 });
    await eventually(() => first.told.bytes > 100_000, "some of it is there");
    hub.faults.drops = Infinity;
    hub.faults.dropAfter = 0;
    await expect(first.run).rejects.toThrow(HttpFailure);
    expect(await partialBytes(target, file())).toBeGreaterThan(100_000);
  });
});

test("a server that is busy is left alone for as long as it asks", async () => {
  hub.faults.busy = { times: 2, retryAfter: 1 };
  const { run, told } = download({}, { parallel: 1 });
  await run;
  expect(told.retries.map(({ delayMs }) => delayMs)).toEqual([1000, 1000]);
  expect(await onDisk()).toEqual(content);
});

describe("a download that is stopped", () => {
  const stopHalfWay = async () => {
    hub.faults.bytesPerSecond = 400_000;
    const { run, stop, told } = download();
    await eventually(() => told.bytes > SIZE / 4, "a quarter is there");
    stop.abort(new Error("enough"));
    await expect(run).rejects.toThrow("enough");
    hub.faults.bytesPerSecond = null;
    return told.bytes;
  };

  test("leaves a part that the next one continues", async () => {
    const there = await stopHalfWay();
    expect(await isThere(target)).toBe(false);
    expect(await partialBytes(target, file())).toBe(there);
    const before = hub.sent;
    await download().run;
    expect(await onDisk()).toEqual(content);
    expect(hub.sent - before).toBe(SIZE - there);
  });

  test("leaves a part that is not continued with another content", async () => {
    await stopHalfWay();
    const other = content.map((byte) => byte ^ 255);
    hub.add("user/repo", { files: { "m.gguf": other } });
    await download({ sha256: new Bun.CryptoHasher("sha256").update(other).digest("hex") }).run;
    expect(await onDisk()).toEqual(other);
  });

  test("is begun anew when the note of what is there is damaged", async () => {
    await stopHalfWay();
    await Bun.write(`${target}.part.json`, '{"size":');
    await download().run;
    expect(await onDisk()).toEqual(content);
  });
});

test("a content that is not what the hub says is removed and told", async () => {
  hub.faults.wrongBytes = true;
  const { run } = download();
  await expect(run).rejects.toMatchObject({ code: "download_corrupt" });
  await expect(run).rejects.toThrow(`should be ${sha256}`);
  for (const path of [target, `${target}.part`, `${target}.part.json`])
    expect(await isThere(path)).toBe(false);
  hub.faults.wrongBytes = false;
  await download().run;
  expect(await onDisk()).toEqual(content);
});

test("a server that has another size than the hub says is not believed", async () => {
  await expect(download({ size: SIZE - 1 }).run).rejects.toThrow("the file is 999999 bytes long");
});

describe("a server without ranges", () => {
  test("sends the file in one piece", async () => {
    hub.faults.noRanges = true;
    await download().run;
    expect(await onDisk()).toEqual(content);
  });

  test("sends it again after a break", async () => {
    hub.faults.noRanges = true;
    hub.faults.drops = 6;
    hub.faults.dropAfter = 300_000;
    const { run, told } = download();
    await run;
    expect(await onDisk()).toEqual(content);
    expect(told.retries.length).toBeGreaterThanOrEqual(1);
  });

  test("that breaks in the same place every time is given up", async () => {
    hub.faults.noRanges = true;
    hub.faults.drops = Infinity;
    hub.faults.dropAfter = 300_000;
    await expect(download({}, { retryDelayMs: 1 }).run).rejects.toThrow(HttpFailure);
    expect(await isThere(target)).toBe(false);
  });

  test("that does not tell the length either is read to the end of the connection", async () => {
    hub.faults.noRanges = true;
    hub.faults.noLength = true;
    await download().run;
    expect(await onDisk()).toEqual(content);
  });
});

describe("a file that nobody knows the hash of", () => {
  const model = async () => {
    const path = await writeRandomModel(join(folder.path, "made.gguf"));
    const bytes = await Bun.file(path).bytes();
    hub.add("user/repo", { files: { "m.gguf": bytes } });
    return bytes;
  };

  test("is taken when it is a whole model, whether the server tells the length or not", async () => {
    const bytes = await model();
    const first = download({ size: null, sha256: null });
    await first.run;
    expect(first.told.size).toBe(bytes.length);
    expect(await onDisk()).toEqual(bytes);
    await Bun.file(target).delete();
    hub.faults.noLength = true;
    hub.faults.noRanges = true;
    const second = download({ size: null, sha256: null });
    await second.run;
    expect(second.told.size).toBe(bytes.length);
    expect(await onDisk()).toEqual(bytes);
  });

  test("never becomes a model when its end is missing and the server told no length", async () => {
    await model();
    Object.assign(hub.faults, { noLength: true, noRanges: true, drops: Infinity, dropAfter: 300_000 });
    await expect(download({ size: null, sha256: null }).run).rejects.toThrow("is truncated");
    expect(await isThere(target)).toBe(false);
  });

  test("is refused when it is no model", async () => {
    await expect(download({ sha256: null }).run).rejects.toThrow("is no GGUF file");
    expect(await isThere(`${target}.part`)).toBe(false);
  });
});

test("a file that is there already is not fetched again", async () => {
  await mkdir(dirname(target), { recursive: true });
  await Bun.write(target, content);
  await download().run;
  expect(hub.seen).toEqual([]);
});

test("however often it is cut short and whatever the connection does, the file is right at last", async () => {
  const random = seeded(42);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < 12; round++) {
    hub.faults.drops = below(6);
    hub.faults.dropAfter = below(60_000);
    hub.faults.expireAfter = 1 + below(4);
    hub.faults.failing = below(2);
    hub.faults.bytesPerSecond = 200_000 + below(400_000);
    const { run, stop } = download({}, { parallel: 1 + below(5), partSize: 20_000 + below(80_000) });
    await Bun.sleep(20 + below(80));
    stop.abort(new Error("cut short"));
    await run.catch(() => {});
    if (await isThere(target)) break;
  }
  Object.assign(hub.faults, { drops: 0, expireAfter: Infinity, failing: 0, bytesPerSecond: null });
  await download().run;
  expect(await onDisk()).toEqual(content);
});
