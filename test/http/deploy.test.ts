import { describe, expect, test } from "bun:test";
import { loadFailed } from "../../src/errors.ts";
import { eventually } from "../support/eventually.ts";
import { startServer, type TestServer } from "../support/server.ts";

interface Answer {
  status: number;
  body: Record<string, unknown> & { error?: { code: string; message: string; param: string | null } };
  headers: Headers;
}

async function send(server: TestServer, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(server.url + path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Answer["body"], headers: answer.headers };
}

const deploy = (server: TestServer, fields: object) => send(server, "POST", "/deploy", fields);
const undeploy = (server: TestServer, query = "") => send(server, "DELETE", `/undeploy${query}`);
const query = (server: TestServer) => send(server, "POST", "/query", { prompt: "Hi" });

const empty = (script = {}) => startServer(script, { deploy: null });

describe("POST /deploy", () => {
  test("answers at once while the model loads", async () => {
    await using server = await empty({ loadMs: 60_000 });
    const { status, body } = await deploy(server, { model_name: "m" });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      message: expect.any(String),
      model_name: "m",
      device: "auto",
      status: "loading",
    });
  });

  test("with wait answers when the model is ready", async () => {
    await using server = await empty({ loadMs: 20 });
    const { body } = await deploy(server, { model_name: "m", wait: true });
    expect(body).toMatchObject({ model_name: "m", device: "cpu", status: "ready" });
    expect((await query(server)).status).toBe(200);
  });

  test("with wait answers why the model could not be loaded", async () => {
    await using server = await empty({ loadError: loadFailed("no GGUF file") });
    const { status, body } = await deploy(server, { model_name: "m", wait: true });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { code: "model_load_failed" },
      detail: expect.stringContaining("no GGUF file"),
    });
  });

  test("hands the optional choices to the engine", async () => {
    await using server = await empty();
    await deploy(server, { model_name: "m", context_length: 512, parallel: 2, gpu_layers: 0, wait: true });
    expect(server.engine.models[0]?.spec).toMatchObject({ contextLength: 512, parallel: 2, gpuLayers: 0 });
  });

  test("takes null for every optional field, as for one that is left out", async () => {
    await using server = await empty();
    const fields = { device: null, load_in_8bit: null, context_length: null, parallel: null, wait: true };
    expect((await deploy(server, { model_name: "m", ...fields })).status).toBe(200);
    expect(server.engine.models[0]?.spec).toMatchObject({ device: "auto", contextLength: null, parallel: 4 });
  });

  test("takes mps for metal", async () => {
    await using server = await empty();
    await deploy(server, { model_name: "m", device: "mps", wait: true });
    expect(server.engine.models[0]?.spec.device).toBe("metal");
  });

  test("of a model that is deployed is 400", async () => {
    await using server = await startServer();
    const { status, body } = await deploy(server, { model_name: "test-model" });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { code: "already_deployed" },
      detail: expect.stringContaining("already"),
    });
  });

  test("in 8 and in 4 bit together is 400", async () => {
    await using server = await empty();
    const { status } = await deploy(server, { model_name: "m", load_in_8bit: true, load_in_4bit: true });
    expect(status).toBe(400);
  });

  test("names every flag that has no effect", async () => {
    await using server = await empty();
    const { body } = await deploy(server, {
      model_name: "m",
      trust_remote_code: true,
      hf_token: "hf_secret",
    });
    expect(body["warnings"]).toBeArray();
    expect(JSON.stringify(body)).toContain("trust_remote_code");
    expect(JSON.stringify(body)).not.toContain("hf_secret");
  });

  test.each([
    {},
    { model_name: "" },
    { model_name: 1 },
    { model_name: "m", parallel: 0 },
    { model_name: "m", context_length: 1.5 },
  ])("of %j is 400 and names the field", async (fields) => {
    await using server = await empty();
    const { status, body } = await deploy(server, fields);
    expect(status).toBe(400);
    expect(body.error?.param).toBeString();
  });
});

describe("DELETE /undeploy", () => {
  test("undeploys the current model and says which", async () => {
    await using server = await startServer();
    const { status, body } = await undeploy(server);
    expect(status).toBe(200);
    expect(body["message"]).toContain("test-model");
    expect(server.engine.models[0]?.unloaded).toBe(true);
    expect(await query(server)).toMatchObject({
      status: 400,
      body: { error: { code: "no_model_deployed" } },
    });
  });

  test("undeploys the model that is named, with any character in its name", async () => {
    await using server = await startServer();
    await deploy(server, { model_name: "org/model:Q4 é", wait: true });
    const { body } = await undeploy(server, `?model_name=${encodeURIComponent("org/model:Q4 é")}`);
    expect(body["model_name"]).toBe("org/model:Q4 é");
    expect(server.manager.list().map(({ model_name }) => model_name)).toEqual(["test-model"]);
  });

  test("of a model that is not deployed is 404, and of nothing at all 400", async () => {
    await using server = await startServer();
    expect(await undeploy(server, "?model_name=nope")).toMatchObject({
      status: 404,
      body: { detail: "The model 'nope' is not deployed: GET /status lists what is" },
    });
    await undeploy(server);
    expect(await undeploy(server)).toMatchObject({
      status: 400,
      body: { error: { code: "no_model_deployed" } },
    });
  });

  test("lets a running request finish first", async () => {
    await using server = await startServer({ prefillMs: 50 });
    const answer = query(server);
    await eventually(() => server.engine.models[0]?.activity.busySlots === 1, "the request runs");
    const gone = undeploy(server);
    expect((await answer).body["response"]).toBe("Hello world");
    expect((await gone).status).toBe(200);
  });

  test("does not wait for a running request longer than the drain time", async () => {
    await using server = await startServer({ prefillMs: 60_000 }, { drainMs: 30 });
    const answer = query(server);
    await eventually(() => server.engine.models[0]?.activity.busySlots === 1, "the request runs");
    expect((await undeploy(server)).status).toBe(200);
    expect((await answer).status).toBe(503);
  });
});

describe("a query", () => {
  test("while the only model loads is 503 and says when to come back", async () => {
    await using server = await empty({ loadMs: 60_000 });
    await deploy(server, { model_name: "m" });
    const { status, body, headers } = await query(server);
    expect([status, body.error?.code]).toEqual([503, "model_loading"]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("with nothing deployed is 400 and says so, in detail too", async () => {
    await using server = await empty();
    const { status, body } = await query(server);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { code: "no_model_deployed" },
      detail: expect.stringContaining("POST /deploy"),
    });
  });
});
