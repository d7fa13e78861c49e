import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startServer } from "../support/server.ts";

test("/health answers as long as the server is alive, whatever becomes of models", async () => {
  await using server = await startServer({ loadError: new Error("broken") }, { deploy: null, model: "m" });
  await server.manager.deploy({ model_name: "m" });
  const answer = await fetch(`${server.url}/health`);
  expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }]);
});

describe("/readyz", () => {
  test("is 200 once a model is ready", async () => {
    await using server = await startServer();
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: "ready", model_name: "test-model" },
    ]);
  });

  test("is 503 before the default model is deployed and while it loads, and says when to come back", async () => {
    await using server = await startServer({ loadMs: 60_000 }, { deploy: null, model: "m" });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    await server.manager.deploy({ model_name: "m" });
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await answer.json()).toMatchObject({ error: { code: "model_loading" } });
  });

  test("is 503 until what was deployed before a restart has begun to load", async () => {
    const gate = Promise.withResolvers<void>();
    const slowly = async () => (await gate.promise, new Response(null, { status: 404 }));
    await using hub = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: slowly });
    await using server = await startServer(
      {},
      {
        deploy: null,
        model: null,
        remembered: [{ model_name: "user/repo" }],
        realFiles: true,
        hubEndpoint: hub.url.origin,
      },
    );
    const restored = server.manager.restore();
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.json()]).toMatchObject([503, { error: { code: "not_ready" } }]);
    gate.resolve();
    expect([...(await restored).keys()]).toEqual(["user/repo"]);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  test("is 503 after the default model failed, with the reason", async () => {
    await using server = await startServer({ loadError: new Error("broken") }, { deploy: null, model: "m" });
    await server.manager.deploy({ model_name: "m" });
    await eventually(() => server.manager.list()[0]?.state === "failed", "the deployment has failed");
    const answer = await fetch(`${server.url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      error: { code: "not_ready" },
      detail: expect.stringContaining("'m'"),
    });
  });

  test("stays 200 while a second model loads, and after one failed", async () => {
    await using server = await startServer();
    const status = async () => (await fetch(`${server.url}/readyz`)).status;
    const states = () => server.manager.list().map(({ state }) => state);
    server.engine.script.loadMs = 60_000;
    await server.manager.deploy({ model_name: "second" });
    await eventually(() => states()[1] === "loading", "the second model loads");
    expect(await status()).toBe(200);
    await server.manager.undeploy("second");
    Object.assign(server.engine.script, { loadMs: 0, loadError: new Error("broken") });
    await server.manager.deploy({ model_name: "third" });
    await eventually(() => states()[1] === "failed", "the third model has failed");
    expect(await status()).toBe(200);
  });

  test("is 200 on a server that was told to deploy nothing", async () => {
    await using server = await startServer({}, { deploy: null, model: null });
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([200, { status: "ready", model_name: null }]);
  });

  test("is 200 after the default model was undeployed on purpose, and 503 while it drains", async () => {
    await using server = await startServer({ prefillMs: 60_000 }, { model: "test-model", drainMs: 60_000 });
    const lease = server.manager.acquire();
    const gone = server.manager.undeploy();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    lease.release();
    await gone;
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([200, { status: "ready", model_name: null }]);
  });

  test("is 200 while the model lies unloaded, for the next request loads it", async () => {
    await using server = await startServer({}, { model: "test-model" });
    server.manager.acquire().release(0);
    await eventually(() => server.manager.list()[0]?.state === "unloaded", "the model is unloaded");
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: "ready", model_name: "test-model" },
    ]);
  });
});
