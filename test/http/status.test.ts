import { treaty } from "@elysiajs/eden";
import { Value } from "@sinclair/typebox/value";
import { describe, expect, test } from "bun:test";
import type { App } from "../../src/app.ts";
import type { DeployRequest } from "../../src/schemas/deployment.ts";
import { StatusAnswer } from "../../src/schemas/status.ts";
import { eventually } from "../support/eventually.ts";
import { startServer, type TestServer } from "../support/server.ts";

async function status(server: TestServer): Promise<StatusAnswer> {
  const { data, error } = await treaty<App>(server.url).status.get();
  if (error) throw new Error("GET /status failed", { cause: error });
  return data;
}

const deploy = (server: TestServer, fields: DeployRequest) => treaty<App>(server.url).deploy.post(fields);

describe("GET /status", () => {
  test("has the documented fields and matches its schema", async () => {
    await using server = await startServer();
    const answer = await status(server);
    expect([...Value.Errors(StatusAnswer, answer)]).toEqual([]);
    expect(answer).toMatchObject({
      model_name: "test-model",
      is_loaded: true,
      is_loading: false,
      device: "cpu",
    });
    expect(answer.progress).toBeNull();
    expect(Object.keys(answer.system)).toEqual(["memory", "cpu", "disk", "gpu"]);
    expect(answer.models[0]).toMatchObject({
      model_name: "test-model",
      state: "ready",
      device: "cpu",
      context_length: 2048,
      slots: 4,
      busy_slots: 0,
      queued: 0,
      memory_bytes: 5_500_000,
      load_time_ms: expect.any(Number),
      last_used: null,
      error: null,
    });
  });

  test("names no model when none is deployed", async () => {
    await using server = await startServer({}, { deploy: null });
    expect(await status(server)).toMatchObject({
      model_name: null,
      is_loaded: false,
      is_loading: false,
      device: null,
      progress: null,
      models: [],
    });
  });

  test("shows a load under way beside the model that works", async () => {
    await using server = await startServer();
    server.engine.script.loadMs = 60_000;
    expect((await deploy(server, { model_name: "second" })).status).toBe(200);
    await eventually(async () => (await status(server)).progress === 0.5, "half of the load is done");
    expect(await status(server)).toMatchObject({
      model_name: "test-model",
      is_loaded: true,
      is_loading: true,
    });
  });

  test("follows the newest model that is ready, and goes back when it is undeployed", async () => {
    await using server = await startServer();
    await deploy(server, { model_name: "second", wait: true });
    expect((await status(server)).model_name).toBe("second");
    await treaty<App>(server.url).undeploy.delete();
    expect(await status(server)).toMatchObject({ model_name: "test-model", is_loaded: true });
  });

  test("keeps a working model in its place when a later deploy fails, and says why that did", async () => {
    await using server = await startServer();
    server.engine.script.loadError = new Error("the file is no GGUF file");
    await deploy(server, { model_name: "broken" });
    await eventually(
      async () => (await status(server)).models.some(({ state }) => state === "failed"),
      "the second deployment has failed",
    );
    const answer = await status(server);
    expect(answer).toMatchObject({ model_name: "test-model", is_loaded: true, is_loading: false });
    expect(answer.models.find(({ model_name }) => model_name === "broken")?.error).toBeString();
  });
});
