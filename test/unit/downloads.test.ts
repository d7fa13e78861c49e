import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { HubClient } from "../../src/hub/hub-client.ts";
import { locateOnHub, locateUrl, type RemoteModel } from "../../src/hub/locate.ts";
import { parseModelName } from "../../src/hub/model-name.ts";
import type { DownloadState } from "../../src/schemas/download.ts";
import { BUILT_IN_FILE } from "../../src/services/built-in-model.ts";
import type { Downloads } from "../../src/services/downloads.ts";
import { testConfig } from "../support/config.ts";
import { eventually } from "../support/eventually.ts";
import { HubStandIn } from "../support/hub-stand-in.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { testModels } from "../support/test-models.ts";

setDefaultTimeout(60_000);

const SIZE = 3_000_000;
const content = (seed: number) => new Uint8Array(SIZE).map((_, at) => (at * seed) & 255);

let hub: HubStandIn;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const open: Downloads[] = [];
beforeEach(async () => {
  hub = await HubStandIn.start();
  folder = await temporaryFolder();
  hub.add("user/repo", { files: { "m-Q8_0.gguf": content(7), "m-Q4_K_M.gguf": content(11) } });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((downloads) => downloads.close()));
  await hub[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** The downloads of a server that starts in this home. */
async function start(): Promise<Downloads> {
  const { downloads } = testModels(testConfig(folder.path, { hubEndpoint: hub.endpoint }));
  open.push(downloads);
  await downloads.restore();
  return downloads;
}

async function model(text: string): Promise<RemoteModel> {
  const name = parseModelName(text);
  if (name.kind !== "hub") throw new Error(`'${text}' is no name on the hub`);
  return locateOnHub(name, new HubClient({ endpoint: hub.endpoint, token: null }));
}

const stateOf = (downloads: Downloads) => downloads.list().map(({ state }) => state);
const reaches = (downloads: Downloads, ...states: DownloadState[]) =>
  eventually(() => Bun.deepEquals(stateOf(downloads), states), `they are ${states.join(", ")}`, 20_000);
const underWay = (downloads: Downloads) =>
  eventually(() => (downloads.list()[0]?.downloaded_bytes ?? 0) > 200_000, "some of it is there", 20_000);

test("what was under way goes on with the next start, from where it was", async () => {
  hub.faults.bytesPerSecond = 100_000;
  const first = await start();
  await first.pull(await model("user/repo:Q8_0"), null);
  await underWay(first);
  await first.close();
  const [there] = first.list();
  hub.faults.bytesPerSecond = null;
  const before = hub.sent;
  const second = await start();
  expect(second.list()).toMatchObject([{ id: there?.id }]);
  await reaches(second, "completed");
  expect(hub.sent - before).toBe(SIZE - (there?.downloaded_bytes ?? 0));
  await second.close();
  expect((await start()).list()).toEqual([]);
});

test("what was paused or has failed stays so, and goes on when asked to", async () => {
  hub.faults.bytesPerSecond = 100_000;
  const first = await start();
  const paused = await first.pull(await model("user/repo:Q8_0"), null);
  await underWay(first);
  await first.pause(paused.id);
  hub.faults.bytesPerSecond = null;
  hub.faults.wrongBytes = true;
  await first.pull(await model("user/repo:Q4_K_M"), null);
  await reaches(first, "paused", "failed");
  await first.close();
  hub.faults.wrongBytes = false;
  const second = await start();
  await reaches(second, "paused", "failed");
  expect(second.list()[0]?.downloaded_bytes).toBeGreaterThan(200_000);
  for (const { id } of second.list()) await second.resume(id);
  await reaches(second, "completed", "completed");
});

test("why it failed is told in the same words after a restart", async () => {
  hub.add("user/gated", { files: { "m.gguf": content(7) }, gated: "auto" });
  const first = await start();
  await first.pull(await model("user/gated"), null);
  await reaches(first, "failed");
  const [failed] = first.list();
  const { code } = first.get(failed!.id).record().error!;
  expect({ code, error: failed?.error }).toEqual({
    code: "gated_repository",
    error: expect.stringMatching(/^The repository 'user\/gated' is gated: /),
  });
  await first.close();
  const second = await start();
  expect(second.list()).toMatchObject([{ state: "failed", error: failed?.error }]);
  expect(second.get(failed!.id).record().error).toMatchObject({ code });
});

test("a download that is paused, resumed or cancelled before it has begun stays what it was told", async () => {
  hub.faults.bytesPerSecond = 100_000;
  const downloads = await start();
  const { id } = await downloads.pull(await model("user/repo:Q8_0"), null);
  expect((await downloads.pause(id)).state).toBe("paused");
  const resuming = downloads.resume(id);
  await downloads.pause(id);
  await resuming;
  await downloads.pause(id);
  expect(stateOf(downloads)).toEqual(["paused"]);
  await downloads.resume(id);
  expect((await downloads.cancel(id, false)).state).toBe("cancelled");
  await Bun.sleep(50);
  expect(stateOf(downloads)).toEqual(["cancelled"]);
});

test("what was cancelled is not found again, but what arrived of it is used", async () => {
  hub.faults.bytesPerSecond = 100_000;
  const first = await start();
  const download = await first.pull(await model("user/repo:Q8_0"), null);
  await underWay(first);
  await first.cancel(download.id, false);
  await first.close();
  const second = await start();
  expect(second.list()).toEqual([]);
  expect((await second.pull(await model("user/repo:Q8_0"), null)).status().downloaded_bytes).toBeGreaterThan(
    200_000,
  );
});

test("an address with a secret does not go on by itself, for the secret was not kept", async () => {
  hub.faults.bytesPerSecond = 100_000;
  const access = { endpoint: "https://huggingface.co", token: null };
  const url = new URL(`${hub.endpoint}/user/repo/resolve/main/m-Q8_0.gguf?secret=1`);
  const first = await start();
  await first.pull(await locateUrl({ kind: "url", url }, access), null);
  await underWay(first);
  await first.close();
  const second = await start();
  expect(second.list()).toMatchObject([{ state: "failed", error: expect.stringContaining("pull it again") }]);
});

test("no more than three models are downloaded at a time", async () => {
  for (const name of ["a", "b", "c", "d"])
    hub.add(`user/${name}`, { files: { "m.gguf": content(name.charCodeAt(0)) } });
  hub.faults.bytesPerSecond = 100_000;
  const downloads = await start();
  for (const name of ["a", "b", "c", "d"]) await downloads.pull(await model(`user/${name}`), null);
  await reaches(downloads, "downloading", "downloading", "downloading", "queued");
  await downloads.pause(downloads.list()[1]!.id);
  await reaches(downloads, "downloading", "paused", "downloading", "downloading");
  await downloads.pause(downloads.list()[3]!.id);
  hub.faults.bytesPerSecond = null;
  await reaches(downloads, "completed", "paused", "completed", "paused");
});

test("a deployment that gives up pauses a download that nobody else wants", async () => {
  hub.faults.bytesPerSecond = 100_000;
  const downloads = await start();
  const found = await model("user/repo:Q8_0");
  const [one, other] = [new AbortController(), new AbortController()];
  const wait = (stop: AbortController) =>
    downloads
      .fetch(found, { signal: stop.signal, onProgress: () => {} }, null)
      .catch((error: Error) => error.message);
  const waiting = [wait(one), wait(other)];
  await underWay(downloads);
  one.abort(new Error("given up"));
  expect(await waiting[0]).toBe("given up");
  expect(stateOf(downloads)).toEqual(["downloading"]);
  other.abort(new Error("given up, too"));
  expect(await waiting[1]).toBe("given up, too");
  expect(stateOf(downloads)).toEqual(["paused"]);
});

test("a repository that changes under way is neither mixed up nor fetched twice", async () => {
  hub.faults.bytesPerSecond = 100_000;
  const downloads = await start();
  const old = await downloads.pull(await model("user/repo:Q8_0"), null);
  await underWay(downloads);
  hub.add("user/repo", { files: { "m-Q8_0.gguf": content(13) } });
  expect((await downloads.pull(await model("user/repo:Q8_0"), null)).id).toBe(old.id);
  await downloads.pause(old.id);
  hub.faults.bytesPerSecond = null;
  const fresh = await downloads.pull(await model("user/repo:Q8_0"), null);
  expect(fresh.id).not.toBe(old.id);
  await reaches(downloads, "cancelled", "completed");
  const path = join(folder.path, "models/user/repo/m-Q8_0.gguf");
  expect(await Bun.file(path).bytes()).toEqual(content(13));
});

test("a model that has just been downloaded is not downloaded again, unless it is gone", async () => {
  const downloads = await start();
  const found = await model("user/repo:Q8_0");
  await downloads.pull(found, null);
  await reaches(downloads, "completed");
  await downloads.pull(found, null);
  expect(stateOf(downloads)).toEqual(["completed"]);
  await Bun.file(join(folder.path, "models", found.name)).delete();
  await downloads.pull(found, null);
  await reaches(downloads, "completed", "completed");
});

test("the disk is asked for what others will still take, too", async () => {
  const config = testConfig(folder.path, { hubEndpoint: hub.endpoint });
  const freeSpace = async () => 64 * 1024 * 1024 + 1.5 * SIZE;
  const { downloads } = testModels(config, { freeSpace });
  open.push(downloads);
  hub.faults.bytesPerSecond = 100_000;
  await downloads.pull(await model("user/repo:Q8_0"), null);
  await expect(downloads.pull(await model("user/repo:Q4_K_M"), null)).rejects.toMatchObject({
    code: "insufficient_disk",
  });
  expect(await Bun.file(join(config.modelsDir, "user/repo/m-Q4_K_M.gguf.part")).exists()).toBe(false);
});

test("pulled again by a newer signed address, it goes on with that", async () => {
  let valid = "1";
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) =>
      new URL(url).searchParams.get("signature") === valid
        ? new Response(Bun.file(BUILT_IN_FILE))
        : new Response("expired", { status: 403 }),
  });
  const access = { endpoint: hub.endpoint, token: null };
  const located = (signature: string) =>
    locateUrl({ kind: "url", url: new URL(`/m.gguf?signature=${signature}`, server.url) }, access);
  const downloads = await start();
  const first = await located("1");
  valid = "2";
  const { id } = await downloads.pull(first, null);
  await reaches(downloads, "failed");
  expect((await downloads.pull(await located("2"), null)).id).toBe(id);
  await reaches(downloads, "completed");
});

/** A model in three parts, of which the first is there and the second is on its way. */
async function cutAfterFirst(downloads: Downloads, seed = 7): Promise<string> {
  addSplit(seed);
  hub.faults.bytesPerSecond = 3_000_000;
  const { id } = await downloads.pull(await model("user/split"), null);
  const arrived = () => downloads.get(id).status().downloaded_bytes;
  await eventually(() => arrived() > SIZE * 1.1, "one part is there", 20_000);
  await downloads.pause(id);
  hub.faults.bytesPerSecond = null;
  return id;
}

const PARTS = [1, 2, 3].map((part) => `s-Q8_0-0000${part}-of-00003.gguf`);
const addSplit = (seed: number) =>
  hub.add("user/split", {
    files: Object.fromEntries(PARTS.map((name, at) => [name, content(seed + 2 * at)])),
  });
const below = (name: string) => join(folder.path, "models/user/split", name);

async function expectSplit(seed: number): Promise<void> {
  for (const [at, name] of PARTS.entries())
    expect(Bun.deepEquals(await Bun.file(below(name)).bytes(), content(seed + 2 * at))).toBe(true);
}

test("a split model is put together from one state of its repository", async () => {
  const downloads = await start();
  await cutAfterFirst(downloads);
  addSplit(21);
  await downloads.pull(await model("user/split"), null);
  await reaches(downloads, "cancelled", "completed");
  await expectSplit(21);
});

test("a split model that is replaced stays as it was until all of the new one is there", async () => {
  const first = await start();
  addSplit(7);
  await first.pull(await model("user/split"), null);
  await reaches(first, "completed");
  const id = await cutAfterFirst(first, 21);
  await expectSplit(7);
  await first.close();
  const second = await start();
  const { downloaded_bytes: there } = second.get(id).status();
  const before = hub.sent;
  await second.resume(id);
  await reaches(second, "completed");
  expect(hub.sent - before).toBe(3 * SIZE - there);
  await expectSplit(21);
});

test("what is discarded leaves nothing, be whole parts there or be it cancelled before", async () => {
  const downloads = await start();
  const first = await cutAfterFirst(downloads);
  await downloads.cancel(first, true);
  const models = join(folder.path, "models");
  expect(await readdir(models, { recursive: true })).toEqual([]);
  const second = await cutAfterFirst(downloads);
  await downloads.cancel(second, false);
  expect(await readdir(below(""))).toContain(`${PARTS[0]}.part`);
  await downloads.cancel(second, true);
  expect(await readdir(models, { recursive: true })).toEqual([]);
});

test("a cancelled download takes nothing of a newer one along when it is forgotten", async () => {
  const downloads = await start();
  hub.faults.bytesPerSecond = 100_000;
  const first = await downloads.pull(await model("user/repo:Q8_0"), null);
  await underWay(downloads);
  await downloads.cancel(first.id, false);
  await downloads.pull(await model("user/repo:Q8_0"), null);
  await downloads.cancel(first.id, true);
  hub.faults.bytesPerSecond = null;
  const before = hub.sent;
  await reaches(downloads, "completed");
  expect(hub.sent - before).toBeLessThan(SIZE);
});

test("a model that was there before is not discarded with a download of it", async () => {
  const downloads = await start();
  const { id } = await downloads.pull(await model("user/repo:Q8_0"), null);
  await reaches(downloads, "completed");
  await downloads.cancel(id, true);
  expect(await Bun.file(join(folder.path, "models/user/repo/m-Q8_0.gguf")).exists()).toBe(true);
});

test("what is discarded is gone before a newer download of the same model begins, which loses nothing", async () => {
  const downloads = await start();
  hub.faults.bytesPerSecond = 100_000;
  const first = await downloads.pull(await model("user/repo:Q8_0"), null);
  await underWay(downloads);
  const again = await model("user/repo:Q8_0");
  const cancelling = downloads.cancel(first.id, true);
  const second = await downloads.pull(again, null);
  expect(second.id).not.toBe(first.id);
  await cancelling;
  hub.faults.bytesPerSecond = null;
  await reaches(downloads, "cancelled", "completed");
});

test("what a cancelled download has left is gone before a newer one begins, when it is discarded later", async () => {
  const downloads = await start();
  hub.faults.bytesPerSecond = 100_000;
  const first = await downloads.pull(await model("user/repo:Q8_0"), null);
  await underWay(downloads);
  const again = await model("user/repo:Q8_0");
  await downloads.cancel(first.id, false);
  const discarding = downloads.cancel(first.id, true);
  await downloads.pull(again, null);
  await discarding;
  hub.faults.bytesPerSecond = null;
  await reaches(downloads, "completed");
});

test("what is discarded while its cancelling is still under way leaves nothing", async () => {
  const downloads = await start();
  hub.faults.bytesPerSecond = 100_000;
  const { id } = await downloads.pull(await model("user/repo:Q8_0"), null);
  await underWay(downloads);
  await Promise.all([downloads.cancel(id, false), downloads.cancel(id, true)]);
  expect(await readdir(join(folder.path, "models"), { recursive: true })).toEqual([]);
});

test("what can not be tidied up is no reason for a download to hang, or for the server not to close", async () => {
  const downloads = await start();
  const found = await model("user/repo:Q8_0");
  // Neither written nor removed as a file.
  await mkdir(join(folder.path, "models/user/repo/m-Q8_0.gguf.part/in the way"), { recursive: true });
  const { id } = await downloads.pull(found, null);
  await reaches(downloads, "failed");
  expect((await downloads.cancel(id, false)).state).toBe("cancelled");
  await downloads.close();
});
