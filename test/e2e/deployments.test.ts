import { expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { BerthProcess } from "../support/berth-process.ts";
import { eventually } from "../support/eventually.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(60_000);

/** A models directory with two models, and a home that outlives a server. */
async function twoModels() {
  const folder = await temporaryFolder();
  const modelsDir = join(folder.path, "models");
  await writeRandomModel(join(modelsDir, "one.gguf"));
  await writeRandomModel(join(modelsDir, "two.gguf"), { seed: 2 });
  const env = { BERTH_HOME: join(folder.path, "home"), BERTH_MODELS_DIR: modelsDir, BERTH_MODEL: "none" };
  return { env, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

const post = async (berth: BerthProcess, path: string, body: object) => {
  const answer = await fetch(berth.url + path, { method: "POST", body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
};

interface Listed {
  model_name: string;
  state: string;
  context_length: number | null;
  on_demand: boolean;
}

const models = async (berth: BerthProcess): Promise<Listed[]> =>
  ((await (await fetch(`${berth.url}/status`)).json()) as { models: Listed[] }).models;

test("what is deployed is deployed again after the server was killed, unless it is told not to", async () => {
  await using given = await twoModels();
  {
    await using berth = await BerthProcess.start(given);
    expect(
      await post(berth, "/deploy", { model_name: "one.gguf", context_length: 300, alias: "uno", wait: true }),
    ).toMatchObject({ status: 200 });
    await post(berth, "/deploy", { model_name: "two.gguf", wait: true });
    await fetch(`${berth.url}/undeploy?model_name=two.gguf`, { method: "DELETE" });
    berth.kill("SIGKILL");
  }
  {
    await using berth = await BerthProcess.start(given);
    const answer = await berth.client.completions.create({ model: "uno", prompt: "a", max_tokens: 2 });
    expect(answer.model).toBe("one.gguf");
    expect(await models(berth)).toMatchObject([
      { model_name: "one.gguf", state: "ready", context_length: 300, on_demand: false },
    ]);
  }
  await using berth = await BerthProcess.start({ ...given, flags: ["--no-restore"] });
  expect(await models(berth)).toEqual([]);
});

test("a second server of the same home leaves what is deployed to the first, and forgets its own", async () => {
  await using given = await twoModels();
  const remembered = async (berth: BerthProcess) => (await models(berth)).map((model) => model.model_name);
  {
    await using first = await BerthProcess.start(given);
    await post(first, "/deploy", { model_name: "one.gguf", wait: true });
    await using second = await BerthProcess.start(given);
    expect(second.err).toContain("another server has this home");
    expect(await remembered(second)).toEqual([]);
    await post(second, "/deploy", { model_name: "two.gguf", wait: true });
    second.kill("SIGKILL");
  }
  await using next = await BerthProcess.start(given);
  await next.client.completions.create({ model: "one.gguf", prompt: "a", max_tokens: 2 });
  expect(await models(next)).toMatchObject([{ model_name: "one.gguf", on_demand: false }]);
  expect(next.err).not.toContain("another server");
});

test("a server that comes while the one before is still ending goes on with what that had", async () => {
  await using given = await twoModels();
  await using first = await BerthProcess.start(given);
  await post(first, "/deploy", { model_name: "one.gguf", wait: true });
  // As one does that waits for its last answers: it holds the home for as long as it is there.
  first.kill("SIGSTOP");
  await using second = await BerthProcess.start(given);
  expect(await models(second)).toEqual([]);
  first.kill("SIGKILL");
  await eventually(
    async () => (await models(second))[0]?.state === "ready",
    "the model is there again",
    20_000,
  );
  second.kill("SIGKILL");
  await second.exited();
  await using third = await BerthProcess.start(given);
  await third.client.completions.create({ model: "one.gguf", prompt: "a", max_tokens: 2 });
  expect(await models(third)).toMatchObject([{ model_name: "one.gguf", on_demand: false }]);
});

test("the next start tells how to call the model, also when somebody deployed it again by hand", async () => {
  await using home = await temporaryFolder();
  const env = { BERTH_HOME: home.path };
  {
    await using berth = await BerthProcess.start({ env });
    await fetch(`${berth.url}/undeploy`, { method: "DELETE" });
    expect(await post(berth, "/deploy", { model_name: "guide", wait: true })).toMatchObject({ status: 200 });
    berth.kill("SIGTERM");
    expect(await berth.exited()).toBe(0);
  }
  // Which waits for it.
  await using berth = await BerthProcess.start({ env, until: /is ready\. Try it:/ });
  expect(berth.out).toContain(`curl ${berth.url}/v1/chat/completions`);
});

test("the start tells when a model can not be deployed again", async () => {
  await using given = await twoModels();
  const env = { ...given.env, BERTH_MODEL: "one.gguf" };
  {
    await using berth = await BerthProcess.start({ env });
    await fetch(`${berth.url}/undeploy`, { method: "DELETE" });
    await post(berth, "/deploy", { model_name: "one.gguf", wait: true });
    berth.kill("SIGTERM");
    await berth.exited();
  }
  await rm(join(given.env.BERTH_MODELS_DIR, "one.gguf"));
  await using berth = await BerthProcess.start({ env, until: /The server goes on without it/ });
  expect(berth.out).toContain('"one.gguf" could not be deployed: There is no model');
});

test("a request that names a model on disk loads it, and says how long it stays", async () => {
  await using given = await twoModels();
  await using berth = await BerthProcess.start(given);
  const request = { model: "two.gguf", prompt: "a", max_tokens: 2, temperature: 0 };
  await Promise.all([berth.client.completions.create(request), berth.client.completions.create(request)]);
  expect(await models(berth)).toMatchObject([{ model_name: "two.gguf", state: "ready", on_demand: true }]);
  const [pid] = await berth.enginePids();
  expect(await post(berth, "/v1/completions", { ...request, keep_alive: 0 })).toMatchObject({ status: 200 });
  while ((await models(berth))[0]?.state !== "unloaded") await Bun.sleep(10);
  while (pid !== undefined && (await Bun.file(`/proc/${pid}/stat`).exists())) await Bun.sleep(10);
  const stream = await berth.client.completions.create({ ...request, stream: true });
  let chunks = 0;
  for await (const _ of stream) chunks++;
  expect(chunks).toBeGreaterThan(1);
  expect((await models(berth))[0]?.state).toBe("ready");
});
