import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { APIError } from "openai";
import { eventually } from "../support/eventually.ts";
import { caught } from "../support/inference.ts";
import { runs } from "../support/processes.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { startRealServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/* What happens at the same time to models in llama.cpp; test/unit has the same with a fake engine, and much more. */

setDefaultTimeout(60_000);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeRandomModel(join(folder.path, "a.gguf"));
  await writeRandomModel(join(folder.path, "b.gguf"), { seed: 2 });
});
afterAll(() => folder?.[Symbol.asyncDispose]());

type Real = Awaited<ReturnType<typeof startRealServer>>;

const ask = (server: Real, model: string) =>
  server.client.completions.create({ model, prompt: "a", max_tokens: 2, temperature: 0 });

/** An answer that takes a while, once its first token is there. */
async function longAnswer(server: Real, model: string) {
  const request = { model, prompt: "a", max_tokens: 400, ignore_eos: true, stream: true as const };
  const stream = (await server.client.completions.create(request))[Symbol.asyncIterator]();
  await stream.next();
  const rest = async () => {
    let chunks = 1;
    while (!(await stream.next()).done) chunks++;
    return chunks;
  };
  return { rest };
}

const stateOf = (server: Real, name: string) =>
  server.manager.list().find(({ model_name }) => model_name === name);

const post = (server: Real, model_name: string) =>
  fetch(`${server.url}/deploy`, { method: "POST", body: JSON.stringify({ model_name, wait: true }) });

test("two models that do not fit side by side take turns, and neither ends an answer of the other", async () => {
  await using server = await startRealServer(folder.path, { memory: 40 * 2 ** 20, loadOnRequest: true });
  const answer = await longAnswer(server, "a.gguf");
  const { pid } = stateOf(server, "a.gguf")!;
  const newcomer = ask(server, "b.gguf");
  expect(await answer.rest()).toBeGreaterThan(100);
  expect((await newcomer).usage?.completion_tokens).toBe(2);
  expect(stateOf(server, "a.gguf")).toMatchObject({ state: "unloaded", memory_bytes: null });
  expect(await runs(pid!)).toBe(false);
  await ask(server, "a.gguf");
  expect(server.manager.list().map(({ state }) => state)).toEqual(["ready", "unloaded"]);
});

test("an engine that is killed while it drains ends its undeploy; a deploy meanwhile is refused, one after it loads", async () => {
  await using server = await startRealServer(folder.path, { drainMs: 60_000 });
  expect((await post(server, "a.gguf")).status).toBe(200);
  const { pid } = stateOf(server, "a.gguf")!;
  process.kill(pid!, "SIGSTOP");
  const cut = caught(ask(server, "a.gguf"), APIError);
  await eventually(() => server.services.requests.list().length > 0, "the request runs");
  const undeploying = fetch(`${server.url}/undeploy?model_name=a.gguf`, { method: "DELETE" });
  await eventually(() => stateOf(server, "a.gguf")?.state === "draining", "it drains");
  const early = await post(server, "a.gguf");
  expect(await early.json()).toMatchObject({ error: { code: "model_undeploying" } });
  expect(early.headers.get("retry-after")).not.toBeNull();
  process.kill(pid!, "SIGKILL");
  expect((await cut).code).toBe("engine_lost");
  expect((await undeploying).status).toBe(200);
  expect(server.manager.list()).toEqual([]);
  expect((await post(server, "a.gguf")).status).toBe(200);
});
