import { Value } from "@sinclair/typebox/value";
import { beforeAll, describe, expect, test, setDefaultTimeout } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DownloadStatus } from "../../src/schemas/download.ts";
import type { StatusAnswer } from "../../src/schemas/status.ts";
import { EventReader } from "../support/event-reader.ts";
import { eventually } from "../support/eventually.ts";
import { errorOf, HubServer, twoModels } from "../support/hub-server.ts";
import type { TestOptions } from "../support/server.ts";

setDefaultTimeout(60_000);

let model: Uint8Array<ArrayBuffer>;
let other: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  [model, other] = await twoModels();
});

const start = (options: TestOptions = {}) =>
  HubServer.start((hub) => {
    hub.add("user/repo", {
      files: { "m-Q4_K_M.gguf": model, "m-Q8_0.gguf": other, "README.md": model.slice(0, 9) },
    });
    hub.add("user/gated", { files: { "m.gguf": model }, gated: "manual" });
  }, options);

describe("POST /models/pull", () => {
  test("downloads a model, which is then there under its name", async () => {
    await using at = await start();
    const answer = await at.pull("user/repo");
    expect(answer).toMatchObject({
      model_name: "user/repo/m-Q4_K_M.gguf",
      download: { source: "user/repo" },
    });
    const done = await at.reaches(answer.download?.id, "completed");
    expect(done).toMatchObject({ progress: 1, downloaded_bytes: model.length, total_bytes: model.length });
    expect(await at.file("user/repo/m-Q4_K_M.gguf").bytes()).toEqual(model);
    expect(await at.pull("user/repo")).toMatchObject({ status: "present", download: null });
  });

  test.each([
    [{ load_in_8bit: true }, "user/repo/m-Q8_0.gguf"],
    [{ load_in_4bit: true }, "user/repo/m-Q4_K_M.gguf"],
  ])("takes the quantisation that a flag names: %j", async (flag, name) => {
    await using at = await start();
    expect((await at.pull("user/repo", flag)).model_name).toBe(name);
  });

  test("has one download for all who ask for the same", async () => {
    await using at = await start();
    at.slowDown();
    const [one, same, different] = await Promise.all([
      at.pull("user/repo"),
      at.pull("hf:user/repo:Q4_K_M"),
      at.pull("user/repo:Q8_0"),
    ]);
    expect(same.download?.id).toBe(one.download!.id);
    expect(different.download?.id).not.toBe(one.download!.id);
    expect((await at.get<{ downloads: unknown[] }>("/downloads")).downloads).toHaveLength(2);
  });

  test("fetches all parts of a split model", async () => {
    const parts = [1, 2].map((part) => `big-Q8_0-0000${part}-of-00002.gguf`);
    await using at = await start();
    at.hub.add("user/big", { files: { [parts[0]!]: model, [parts[1]!]: other } });
    const { download: begun } = await at.pull("user/big");
    expect(await at.reaches(begun?.id, "completed")).toMatchObject({
      files: 2,
      total_bytes: model.length + other.length,
    });
    expect(await at.file(`user/big/${parts[1]}`).bytes()).toEqual(other);
  });

  test("goes on with a split model of which a part is there, also when its file is named", async () => {
    const parts = [1, 2].map((part) => `big-Q8_0-0000${part}-of-00002.gguf`);
    await using at = await start();
    at.hub.add("user/big", { files: { [parts[0]!]: model, [parts[1]!]: other } });
    await at.file(`user/big/${parts[0]}`).write(model);
    at.slowDown();
    const named = await at.pull(`user/big/${parts[0]}`);
    expect(named.status).not.toBe("present");
    expect((await at.pull("user/big")).download?.id).toBe(named.download!.id);
    at.hurry();
    await at.reaches(named.download?.id, "completed");
    expect(at.hub.sent).toBe(other.length);
    expect(await at.file(`user/big/${parts[1]}`).bytes()).toEqual(other);
  });

  test("answers with the events of the download when asked to stream", async () => {
    await using at = await start();
    await using events = new EventReader(await at.post("/models/pull", { model: "user/repo", stream: true }));
    let last: DownloadStatus;
    do last = (await events.nextOf("download")) as DownloadStatus;
    while (last.state !== "completed");
    expect([...Value.Errors(DownloadStatus, last)]).toEqual([]);
  });

  test.each([
    ["user/repo:Q5_K_M", 400, "quantisation_not_found", "it has 'Q4_K_M', 'Q8_0'"],
    ["user/nothing", 404, "model_not_found", "or it is private"],
    ["nothing", 404, "model_not_found", "There is no model 'nothing'"],
    ["http://127.0.0.1:1/a.gguf", 400, "invalid_value", "only https:"],
  ])("says what is wrong with %s", async (name, status, code, reason) => {
    await using at = await start();
    const answer = await at.post("/models/pull", { model: name });
    expect(answer.status).toBe(status);
    const error = await errorOf(answer);
    expect(error.code).toBe(code);
    expect(error.message).toContain(reason);
  });

  test("refuses what does not fit on the disk, with both numbers", async () => {
    await using at = await start({ freeSpace: async () => 64 * 1024 * 1024 + 1000 });
    const answer = await at.post("/models/pull", { model: "user/repo" });
    expect(answer.status).toBe(400);
    const error = await errorOf(answer);
    expect(error.code).toBe("insufficient_disk");
    expect(error.message).toMatch(/needs \d\.\d MB more .* 0\.0 MB are free/);
    expect(at.hub.contentRequests).toEqual([]);
  });
});

describe("a gated repository", () => {
  test("fails with what to do, and goes on with a token", async () => {
    await using at = await start();
    const { download: begun } = await at.pull("user/gated");
    const failed = await at.reaches(begun?.id, "failed");
    expect(failed.error).toContain("pass it as hf_token in the request or in HF_TOKEN");
    await at.pull("user/gated", { hf_token: at.hub.token });
    await at.reaches(failed.id, "completed");
  });

  test("is opened by a token that is neither kept nor shown to anybody but the hub", async () => {
    await using at = await start();
    at.slowDown();
    const { download: begun } = await at.pull("user/gated", { hf_token: at.hub.token });
    const kept = join(at.server.services.config.home, "downloads", `${begun?.id}.json`);
    await eventually(() => Bun.file(kept).exists(), "the download is noted");
    expect(await Bun.file(kept).text()).not.toContain(at.hub.token);
    expect(JSON.stringify(await at.get("/downloads"))).not.toContain(at.hub.token);
    at.hurry();
    await at.reaches(begun?.id, "completed");
    expect(at.hub.contentRequests.every(({ authorization }) => authorization === null)).toBe(true);
    for (const name of await readdir(at.server.services.config.home, { recursive: true }))
      if (name.endsWith(".json"))
        expect(await Bun.file(join(at.server.services.config.home, name)).text()).not.toContain(at.hub.token);
  });
});

describe("a download", () => {
  test("pauses, and goes on where it was", async () => {
    await using at = await start();
    at.slowDown();
    const { download: begun } = await at.pull("user/repo");
    const id = begun?.id;
    await at.begins(id);
    const paused = (await (await at.post(`/downloads/${id}/pause`)).json()) as DownloadStatus;
    expect(paused.state).toBe("paused");
    const before = at.hub.sent;
    await Bun.sleep(200);
    expect((await at.download(id)).downloaded_bytes).toBe(paused.downloaded_bytes);
    at.hurry();
    await at.post(`/downloads/${id}/resume`);
    await at.reaches(id, "completed");
    expect(at.hub.sent - before).toBeLessThan(model.length);
    expect(await at.file("user/repo/m-Q4_K_M.gguf").bytes()).toEqual(model);
  });

  test("that is cancelled leaves a part for the next one, unless that is to go too", async () => {
    await using at = await start();
    at.slowDown();
    const { download: begun } = await at.pull("user/repo");
    await at.begins(begun?.id);
    await at.delete(`/downloads/${begun?.id}`);
    expect((await at.download(begun?.id)).state).toBe("cancelled");
    const resumed = await at.post(`/downloads/${begun?.id}/resume`);
    expect(resumed.status).toBe(409);
    expect(await errorOf(resumed)).toMatchObject({
      code: "not_resumable",
      message: expect.stringContaining("POST /models/pull"),
    });
    expect(await at.file("user/repo/m-Q4_K_M.gguf.part").exists()).toBe(true);
    const again = await at.pull("user/repo");
    expect(again.download?.downloaded_bytes).toBeGreaterThan(100_000);
    await at.delete(`/downloads/${again.download?.id}?discard=true`);
    expect(await readdir(at.server.services.config.modelsDir)).toEqual([]);
  });

  test("that is refused or damaged leaves no empty folder behind", async () => {
    await using at = await start();
    await at.reaches((await at.pull("user/gated")).download?.id, "failed");
    at.hub.faults.wrongBytes = true;
    await at.reaches((await at.pull("user/repo")).download?.id, "failed");
    expect(await readdir(at.server.services.config.modelsDir)).toEqual([]);
  });

  test("that is over is forgotten when it is deleted", async () => {
    await using at = await start();
    const begun = await at.have("user/repo");
    await at.delete(`/downloads/${begun.id}`);
    expect((await fetch(`${at.url}/downloads/${begun.id}`)).status).toBe(404);
    expect(await at.file("user/repo/m-Q4_K_M.gguf").exists()).toBe(true);
  });

  test("is told by GET /status while it is under way", async () => {
    await using at = await start();
    at.slowDown();
    const { download } = await at.pull("user/repo");
    await at.begins(download?.id);
    const underWay = async () => (await at.get<StatusAnswer>("/status")).downloads;
    expect(await underWay()).toMatchObject([
      {
        id: download?.id,
        state: "downloading",
        progress: expect.any(Number),
      },
    ]);
    at.hurry();
    await at.reaches(download?.id, "completed");
    expect(await underWay()).toEqual([]);
  });

  test("is told by GET /events", async () => {
    await using at = await start();
    await using events = new EventReader(await fetch(`${at.url}/events`));
    expect(await events.nextOf("snapshot")).toMatchObject({ downloads: [] });
    await at.pull("user/repo");
    let last: DownloadStatus;
    do last = (await events.nextOf("download")) as DownloadStatus;
    while (last.state !== "completed");
  });

  test("that nobody knows is 404", async () => {
    await using at = await start();
    for (const answer of [
      await fetch(`${at.url}/downloads/dl_0`),
      await fetch(`${at.url}/downloads/dl_0/events`),
      await at.post("/downloads/dl_0/pause"),
      await at.post("/downloads/dl_0/resume"),
      await at.delete("/downloads/dl_0"),
    ])
      expect(answer.status).toBe(404);
  });
});
