import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { DownloadList, DownloadStatus } from "../../src/schemas/download.ts";
import type { StatusAnswer } from "../../src/schemas/status.ts";
import { BerthProcess } from "../support/berth-process.ts";
import { eventually } from "../support/eventually.ts";
import { HubStandIn } from "../support/hub-stand-in.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let model: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  folder = await temporaryFolder();
  const path = await writeRandomModel(join(folder.path, "m.gguf"), { embedding: 256, feedForward: 1024 });
  model = await Bun.file(path).bytes();
});
afterAll(() => folder[Symbol.asyncDispose]());

const start = (hub: HubStandIn, home: string) =>
  BerthProcess.start({ env: { BERTH_HOME: home, HF_ENDPOINT: hub.endpoint, BERTH_MODEL: "none" } });

async function downloads(berth: BerthProcess): Promise<DownloadStatus[]> {
  return ((await (await fetch(`${berth.url}/downloads`)).json()) as DownloadList).downloads;
}

const send = (berth: BerthProcess, path: string, body: object) =>
  fetch(berth.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** What the note beside a part says is there, in bytes. */
async function noted(path: string): Promise<number> {
  const note = (await Bun.file(`${path}.part.json`)
    .json()
    .catch(() => ({ done: [] }))) as { done: [number, number][] };
  return note.done.reduce((sum, [from, to]) => sum + to - from, 0);
}

test("a server that is killed in mid-download goes on with it by itself, and the model answers", async () => {
  await using hub = await HubStandIn.start();
  await using home = await temporaryFolder();
  hub.add("user/repo", { files: { "m-Q8_0.gguf": model } });
  const path = join(home.path, "models/user/repo/m-Q8_0.gguf");
  hub.faults.bytesPerSecond = 700_000;
  {
    await using berth = await start(hub, home.path);
    await send(berth, "/models/pull", { model: "user/repo", hf_token: hub.token });
    await eventually(async () => (await noted(path)) > 1_500_000, "some of it is noted", 20_000);
    berth.kill("SIGKILL");
    await berth.exited();
  }
  expect(await Bun.file(path).exists()).toBe(false);
  hub.faults.bytesPerSecond = null;
  const before = hub.sent;
  await using berth = await start(hub, home.path);
  await eventually(async () => (await downloads(berth))[0]?.state === "completed", "it is completed", 20_000);
  expect(hub.sent - before).toBeLessThan(model.length - 1_400_000);
  expect(await Bun.file(path).bytes()).toEqual(model);

  await send(berth, "/deploy", { model_name: "user/repo", wait: true });
  const { choices } = await berth.client.chat.completions.create({
    model: "user/repo",
    messages: [{ role: "user", content: "Hello" }],
    max_tokens: 4,
    temperature: 0,
  });
  expect(choices[0]?.finish_reason).toBe("length");
  for (const file of await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: home.path, dot: true })))
    if (!file.endsWith(".gguf"))
      expect(await Bun.file(join(home.path, file)).text()).not.toContain(hub.token);
  expect(berth.out + berth.err).not.toContain(hub.token);
  expect(berth.err).toMatch(/"percent":100,.*"msg":"download completed"/);
}, 60_000);

test("a deployment that was still being downloaded when the server was stopped is ready after the next start", async () => {
  await using hub = await HubStandIn.start();
  await using home = await temporaryFolder();
  hub.add("user/repo", { files: { "m-Q8_0.gguf": model } });
  hub.faults.bytesPerSecond = 700_000;
  {
    await using berth = await start(hub, home.path);
    await send(berth, "/deploy", { model_name: "user/repo:Q8_0" });
    await eventually(
      async () => ((await downloads(berth))[0]?.progress ?? 0) > 0.4,
      "it is under way",
      20_000,
    );
    berth.kill("SIGTERM");
    expect(await berth.exited()).toBe(0);
  }
  hub.faults.bytesPerSecond = null;
  await using berth = await start(hub, home.path);
  const ready = async () => ((await (await fetch(`${berth.url}/status`)).json()) as StatusAnswer).is_loaded;
  await eventually(ready, "the model is ready", 20_000);
  expect(await downloads(berth)).toHaveLength(1);
  expect((await berth.client.models.retrieve("user/repo:Q8_0")).id).toBe("user/repo:Q8_0");
}, 60_000);
