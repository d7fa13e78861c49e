import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { LlamaEngine } from "../../src/engine/process.ts";
import type { DeployRequest } from "../../src/schemas/deployment.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { startRealServer, type TestServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(60_000);

const MODEL = "model.gguf";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer<LlamaEngine>;

beforeAll(async () => {
  folder = await temporaryFolder();
  // In F32 a token's logits are the same in any company, so answers can be compared to the letter.
  const shape = { quantisation: "F32" as const, contextLength: 1024 };
  await writeRandomModel(join(folder.path, MODEL), shape);
  await writeRandomModel(join(folder.path, "twin.gguf"), shape);
  // The same words need the same seed; other layers make another model of it.
  await writeRandomModel(join(folder.path, "stranger.gguf"), { ...shape, layers: 1, feedForward: 128 });
  await writeRandomModel(join(folder.path, "other-words.gguf"), { ...shape, seed: 2 });
  server = await startRealServer(folder.path);
});
afterAll(async () => {
  await server?.stop();
  await folder?.[Symbol.asyncDispose]();
});

/** What two requests at once are answered, and how many decodes that took. */
async function answers(options: Omit<DeployRequest, "model_name">, temperature = 0) {
  await server.manager.deploy({
    model_name: MODEL,
    context_length: 512,
    parallel: 2,
    ...options,
    wait: true,
  });
  const lease = server.manager.acquire(MODEL);
  try {
    const texts = await Promise.all(
      ["The sea", "A much longer story about the water and the small house"].map(async (prompt) => {
        const { choices } = await server.client.completions.create({
          model: MODEL,
          prompt,
          temperature,
          seed: 7,
          max_tokens: 60,
        });
        return choices[0]?.text;
      }),
    );
    const [status] = server.manager.list();
    return { texts, decodes: lease.model.activity.decodes, status: status! };
  } finally {
    lease.release();
    await server.manager.undeploy(MODEL);
  }
}

test("a draft model that guesses right saves decodes and changes no answer", async () => {
  const plain = await answers({});
  const drafted = await answers({ draft_model: "twin.gguf" });
  expect(drafted.texts).toEqual(plain.texts);
  expect(drafted.decodes).toBeLessThan(plain.decodes / 3);
  expect(drafted.status.options.draft_model).toBe("twin.gguf");
  expect(drafted.status.memory?.weights).toBeGreaterThan((plain.status.memory?.weights ?? 0) * 1.9);
});

test("a draft model that guesses wrong changes no answer either, drawn ones included", async () => {
  for (const temperature of [0, 1]) {
    const plain = await answers({}, temperature);
    const drafted = await answers({ draft_model: "stranger.gguf" }, temperature);
    expect(drafted.texts).toEqual(plain.texts);
  }
});

test("a draft model with as many but other words is refused", async () => {
  const draft_model = "other-words.gguf";
  const deployed = server.manager.deploy({ model_name: MODEL, draft_model, wait: true });
  await expect(deployed).rejects.toMatchObject({
    status: 400,
    code: "model_load_failed",
    message: expect.stringContaining("vocabulary"),
  });
  await server.manager.undeploy(MODEL);
});

test("a draft model that is not there is refused before anything loads", async () => {
  const deployed = server.manager.deploy({ model_name: MODEL, draft_model: "nowhere.gguf" });
  await expect(deployed).rejects.toMatchObject({ code: "model_not_found" });
  expect(server.manager.list()).toEqual([]);
});
