import { afterEach, describe, expect, test } from "bun:test";
import { loadFailed } from "../../src/errors.ts";
import { until } from "../support/engine-requests.ts";
import { closeManaged, ready, refusal, setUp, stateOf } from "../support/managed.ts";
import { anyFile } from "../support/test-manager.ts";

afterEach(closeManaged);

describe("deploying", () => {
  test("answers at once while the model loads, and /status follows it", async () => {
    const { manager, states } = setUp({ loadMs: 20 });
    const deployed = await manager.deploy({ model_name: "a" });
    expect(deployed).toMatchObject({ model_name: "a", device: "auto", status: "loading" });
    expect(manager.list()).toMatchObject([{ model_name: "a", state: "loading", memory_bytes: null }]);
    expect(manager.current()).toBeNull();
    await until(() => manager.current() !== null);
    expect(manager.current()).toMatchObject({
      model_name: "a",
      state: "ready",
      device: "cpu",
      progress: 1,
      context_length: 2048,
      slots: 4,
      memory_bytes: 5_500_000,
      restarts: 0,
      error: null,
    });
    expect(states).toEqual(["a loading", "a ready"]);
  });

  test("waits for the model when asked to, and names the device it runs on", async () => {
    const { manager } = setUp({ loadMs: 5 });
    expect(await ready(manager, "a")).toMatchObject({ status: "ready", device: "cpu" });
    expect(stateOf(manager, "a")).toBe("ready");
  });

  test("passes the settings on where the request leaves them open", async () => {
    const { engine, manager } = setUp({}, { contextLength: 1024, parallel: 3, device: "cpu", queueLimit: 7 });
    await ready(manager, "a", { parallel: 2 });
    expect(engine.models[0]?.spec).toMatchObject({
      name: "a",
      path: "/models/a",
      device: "cpu",
      contextLength: 1024,
      parallel: 2,
      gpuLayers: null,
      queueLimit: 7,
      pauseMs: 500,
      memoryBudget: 8e9,
      threads: 2,
    });
  });

  test("takes mps for metal", async () => {
    const { engine, manager } = setUp();
    await ready(manager, "a", { device: "mps" });
    expect(engine.models[0]?.spec.device).toBe("metal");
  });

  test("refuses a model that is loading or ready already", async () => {
    const { manager } = setUp({ loadMs: 10 });
    await manager.deploy({ model_name: "a" });
    expect(await refusal(() => manager.deploy({ model_name: "a" }))).toMatchObject({
      status: 400,
      code: "already_deployed",
    });
    await until(() => stateOf(manager, "a") === "ready");
    expect((await refusal(() => manager.deploy({ model_name: "a" }))).code).toBe("already_deployed");
  });

  test("lets one of two simultaneous requests for the same model through", async () => {
    const { engine, manager } = setUp();
    const results = await Promise.allSettled([ready(manager, "a"), ready(manager, "a")]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(engine.models).toHaveLength(1);
  });

  test("refuses a file that is deployed under another name", async () => {
    const resolve: typeof anyFile.resolve = async (_, choice) => anyFile.resolve("same.gguf", choice);
    const { manager } = setUp({}, {}, { files: { ...anyFile, resolve } });
    await ready(manager, "same");
    const error = await refusal(() => manager.deploy({ model_name: "same.gguf" }));
    expect(error).toMatchObject({ status: 400, code: "already_deployed" });
  });

  test("refuses an alias that another one has, and tells whose it is", async () => {
    const { manager } = setUp();
    await ready(manager, "a", { alias: "fast" });
    const refusedFor = (alias: string) => refusal(() => manager.deploy({ model_name: "b", alias }));
    const taken = await refusedFor("fast");
    expect(taken).toMatchObject({ status: 400, code: "alias_taken", param: "alias" });
    expect(taken.message).toContain("'fast' is taken: it is an alias of 'a'");
    expect((await refusedFor("a")).message).toContain("'a' is taken: it is the name of a model");
    expect((await refusal(() => manager.deploy({ model_name: "a", alias: "fast" }))).code).toBe(
      "already_deployed",
    );
  });

  test("refuses 8 bits and 4 bits together", async () => {
    const { manager } = setUp();
    const error = await refusal(() =>
      manager.deploy({ model_name: "a", load_in_8bit: true, load_in_4bit: true }),
    );
    expect(error).toMatchObject({ status: 400, code: "invalid_value" });
    expect(manager.list()).toEqual([]);
  });

  test("a failed load shows its reason, and the name can be deployed again", async () => {
    const { engine, manager, states } = setUp({ loadError: loadFailed("It is no GGUF file") });
    expect(await refusal(() => ready(manager, "a"))).toMatchObject({
      status: 400,
      message: "It is no GGUF file",
    });
    expect(manager.list()).toMatchObject([{ state: "failed", error: "It is no GGUF file" }]);
    engine.script.loadError = null;
    await ready(manager, "a");
    expect(manager.list()).toMatchObject([{ state: "ready", error: null }]);
    expect(states).toEqual(["a loading", "a failed", "a loading", "a ready"]);
  });

  test("loads one model at a time, so that each sees what memory the others left", async () => {
    let loading = 0;
    let most = 0;
    const { engine, manager } = setUp();
    const load = engine.load.bind(engine);
    engine.load = async (spec, hooks) => {
      most = Math.max(most, ++loading);
      await Bun.sleep(2);
      return load(spec, hooks).finally(() => loading--);
    };
    await Promise.all(["a", "b", "c"].map((name) => ready(manager, name)));
    expect(most).toBe(1);
  });

  test("a device that is not there is refused at once and leaves no deployment", async () => {
    const { engine, manager } = setUp();
    engine.load = () => Promise.reject(loadFailed("No CUDA driver", "device_unavailable", "device"));
    const error = await refusal(() => manager.deploy({ model_name: "a", device: "cuda" }));
    expect(error).toMatchObject({ status: 400, code: "device_unavailable", message: "No CUDA driver" });
    expect(manager.list()).toEqual([]);
  });
});

describe("the current model", () => {
  test("is the one deployed last that is ready, whatever fails or loads after it", async () => {
    const { engine, manager } = setUp();
    await ready(manager, "a");
    await ready(manager, "b");
    expect(manager.current()?.model_name).toBe("b");
    engine.script.loadError = loadFailed("broken");
    await refusal(() => ready(manager, "c"));
    expect(manager.current()?.model_name).toBe("b");
    engine.script.loadError = null;
    engine.script.loadMs = 1000;
    await manager.deploy({ model_name: "d" });
    expect(manager.current()?.model_name).toBe("b");
    expect(manager.acquire().name).toBe("b");
  });

  test("goes back to the next most recent one after an undeploy", async () => {
    const { manager } = setUp();
    for (const name of ["a", "b", "c"]) await ready(manager, name);
    expect(await manager.undeploy()).toBe("c");
    expect(manager.current()?.model_name).toBe("b");
    expect(await manager.undeploy("a")).toBe("a");
    expect(await manager.undeploy()).toBe("b");
    expect(manager.current()).toBeNull();
    expect(manager.list()).toEqual([]);
  });

  test("a failed deployment that is deployed again counts as the newest", async () => {
    const { engine, manager } = setUp({ loadError: loadFailed("broken") });
    await refusal(() => ready(manager, "a"));
    engine.script.loadError = null;
    await ready(manager, "b");
    await ready(manager, "a");
    expect(manager.list().map((status) => status.model_name)).toEqual(["b", "a"]);
    expect(manager.current()?.model_name).toBe("a");
  });
});

describe("acquiring", () => {
  test("says that nothing is deployed, that a name is not, that a model is loading, or why it failed", async () => {
    const { engine, manager } = setUp({ loadMs: 1000 });
    expect(await refusal(() => manager.acquire())).toMatchObject({ status: 400, code: "no_model_deployed" });
    expect(await refusal(() => manager.acquire("a"))).toMatchObject({ status: 404, code: "model_not_found" });
    await manager.deploy({ model_name: "a" });
    for (const name of [undefined, "a"]) {
      const error = await refusal(() => manager.acquire(name));
      expect(error).toMatchObject({ status: 503, code: "model_loading" });
      expect(error.retryAfter).toBeGreaterThan(0);
    }
    await manager.undeploy("a");
    engine.script.loadMs = 0;
    engine.script.loadError = loadFailed("It is no GGUF file");
    await refusal(() => ready(manager, "b"));
    for (const name of [undefined, "b"]) {
      const error = await refusal(() => manager.acquire(name));
      expect(error).toMatchObject({ status: 503, code: "model_failed" });
      expect(error.message).toContain("It is no GGUF file");
    }
  });

  test("tells when the model was last used", async () => {
    const { manager } = setUp();
    await ready(manager, "a");
    expect(manager.current()?.last_used).toBeNull();
    manager.acquire().release();
    expect(manager.current()?.last_used).toBeCloseTo(Date.now() / 1000, -1);
  });
});
