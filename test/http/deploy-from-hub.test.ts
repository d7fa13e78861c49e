import { beforeAll, describe, expect, test, setDefaultTimeout } from "bun:test";
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

interface Status {
  progress: number;
  is_loading: boolean;
  models: { state: string }[];
}

const status = (at: HubServer) => at.get<Status>("/status");

describe("POST /deploy with a name on the hub", () => {
  test("downloads, loads and serves", async () => {
    await using at = await start();
    at.slowDown();
    const answer = await at.deploy("user/repo:Q8_0");
    expect(await answer.json()).toMatchObject({ status: "downloading", model_name: "user/repo:Q8_0" });
    await eventually(async () => (await status(at)).progress > 0.2, "the progress is told");
    expect(await status(at)).toMatchObject({ is_loading: true, models: [{ state: "downloading" }] });
    at.hurry();
    await eventually(() => at.server.manager.list()[0]?.state === "ready", "the model is ready", 10_000);
    const { choices } = await at.server.client.completions.create({ model: "user/repo:Q8_0", prompt: "a" });
    expect(choices).toHaveLength(1);
  });

  test("answers when the model is ready with wait", async () => {
    await using at = await start();
    const answer = await at.deploy("user/repo", { wait: true });
    expect(await answer.json()).toMatchObject({ status: "ready" });
  });

  test("that is undeployed on the way pauses the download, and a new deployment goes on with it", async () => {
    await using at = await start();
    at.slowDown();
    await at.deploy("user/repo");
    await eventually(() => (at.server.manager.list()[0]?.progress ?? 0) > 0.2, "some of it is there");
    await at.server.manager.undeploy("user/repo");
    const [paused] = at.server.services.downloads.list();
    expect(paused?.state).toBe("paused");
    at.hurry();
    const before = at.hub.sent;
    await at.deploy("user/repo", { wait: true });
    // Besides what was missing, its header was read once more.
    expect(at.hub.sent - before).toBeLessThan(model.length + 1024 * 1024);
  });

  test("does not stop a download that somebody asked for by itself", async () => {
    await using at = await start();
    at.slowDown();
    const { download: begun } = await at.pull("user/repo");
    await at.deploy("user/repo");
    await at.server.manager.undeploy("user/repo");
    expect((await at.download(begun?.id)).state).toBe("downloading");
  });

  test("fails with the reason when the download does", async () => {
    await using at = await start();
    at.hub.faults.wrongBytes = true;
    const answer = await at.deploy("user/repo", { wait: true });
    expect(answer.status).toBe(502);
    expect(at.server.manager.list()).toMatchObject([{ state: "failed" }]);
    at.hub.faults.wrongBytes = false;
    expect((await at.deploy("user/repo", { wait: true })).status).toBe(200);
  });

  test("refuses before it downloads: a gated repository, a context too long", async () => {
    await using at = await start();
    const gated = await at.deploy("user/gated");
    expect(gated.status).toBe(403);
    const long = await at.deploy("user/repo", { context_length: 1_000_000 });
    expect((await errorOf(long)).param).toBe("context_length");
    expect(at.server.services.downloads.list()).toEqual([]);
    expect(at.server.manager.list()).toEqual([]);
  });

  test("is no name for a request alone: nothing is downloaded because somebody mentions it", async () => {
    await using at = await start();
    const answer = await at.post("/v1/completions", { model: "user/repo", prompt: "a" });
    expect(answer.status).toBe(404);
    expect(at.hub.seen).toEqual([]);
  });

  test("may be an alias of the configuration", async () => {
    await using at = await start({ aliases: { mine: "user/repo:Q8_0" } });
    await at.deploy("mine", { wait: true });
    expect(await at.file("user/repo/m-Q8_0.gguf").exists()).toBe(true);
    expect((await at.server.client.models.retrieve("mine")).id).toBe("mine");
  });
});
