import { describe, expect, test } from "bun:test";
import { NotFoundError } from "openai";
import { caught } from "../support/inference.ts";
import { startServer, TEST_MODEL } from "../support/server.ts";

describe("GET /v1/models", () => {
  test("lists what is deployed, as the openai client reads it", async () => {
    await using server = await startServer({ contextLength: 1024 });
    const { data } = await server.client.models.list();
    expect(data[0]?.created).toSatisfy(Number.isInteger);
    expect(data).toMatchObject([
      {
        id: TEST_MODEL,
        object: "model",
        owned_by: "berth",
        status: { value: "loaded" },
        context_length: 1024,
        max_model_len: 1024,
        meta: { n_ctx_train: 4096, n_params: 1_000_000, size: 4_000_000 },
      },
    ]);
  });

  test("is an empty list when nothing is", async () => {
    await using server = await startServer({}, { deploy: null });
    const response = await fetch(`${server.url}/v1/models`);
    expect(await response.json()).toEqual({ object: "list", data: [] });
  });

  test("shows what is loading and what failed, too", async () => {
    await using server = await startServer();
    server.engine.script.loadMs = 60_000;
    await server.manager.deploy({ model_name: "slow" });
    const { data } = await server.client.models.list();
    expect(data).toMatchObject([
      { id: TEST_MODEL, status: { value: "loaded" } },
      { id: "slow", status: { value: "loading" }, context_length: 4096, meta: { n_ctx_train: 4096 } },
    ]);
  });

  test("tells the context that a model is to be loaded with, where somebody asked for one", async () => {
    await using server = await startServer({ loadMs: 60_000 }, { deploy: null });
    await server.manager.deploy({ model_name: "slow", context_length: 1000 });
    expect((await server.client.models.list()).data).toMatchObject([{ context_length: 1000 }]);
  });

  test("forgets what was undeployed", async () => {
    await using server = await startServer();
    await server.manager.undeploy(TEST_MODEL);
    expect((await server.client.models.list()).data).toEqual([]);
  });
});

describe("GET /v1/models/{id}", () => {
  test.each(["plain", "org/model:Q4", "folder/with space/ä.gguf", "100%"])(
    "finds %s through the client",
    async (id) => {
      await using server = await startServer({}, { deploy: id });
      expect((await server.client.models.retrieve(id)).id).toBe(id);
    },
  );

  test("finds an id whose slashes are not encoded", async () => {
    await using server = await startServer({}, { deploy: "org/model:Q4" });
    const response = await fetch(`${server.url}/v1/models/org/model:Q4`);
    expect(await response.json()).toMatchObject({ id: "org/model:Q4" });
  });

  test("answers 404 to an id that is not well encoded", async () => {
    await using server = await startServer();
    const response = await fetch(`${server.url}/v1/models/%E0%A4`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "model_not_found" } });
  });

  test("answers 404 in the envelope to an unknown id", async () => {
    await using server = await startServer();
    const error = await caught(server.client.models.retrieve("org/other"), NotFoundError);
    expect(error).toMatchObject({ code: "model_not_found", param: "model", type: "invalid_request_error" });
  });
});
