import { afterEach, describe, expect, test } from "bun:test";
import type { Lease, ModelManager, ModelManagerParts } from "../../src/services/model-manager.ts";
import { ApiError, loadFailed, loadLost } from "../../src/errors.ts";
import type { Config } from "../../src/config.ts";
import type { DeployRequest } from "../../src/schemas/deployment.ts";
import { EventBus } from "../../src/services/events.ts";
import { testConfig } from "../support/config.ts";
import { FakeEngine, type FakeScript } from "../support/fake-engine.ts";
import { anyFile, testManager } from "../support/test-manager.ts";

const managers: ModelManager[] = [];

afterEach(async () => {
  await Promise.all(managers.splice(0).map((manager) => manager.close(0)));
});

function setUp(
  script: Partial<FakeScript> = {},
  overrides: Partial<Config> = {},
  parts: Partial<ModelManagerParts> = {},
) {
  const engine = new FakeEngine(script);
  const events = new EventBus();
  const states: string[] = [];
  events.on((name, value) => {
    if (name !== "deployment" || !("state" in value)) return;
    const entry = `${value.model_name} ${value.state}`;
    if (states.at(-1) !== entry) states.push(entry);
  });
  const manager = testManager(engine, testConfig("/nowhere", overrides), { events, ...parts });
  managers.push(manager);
  return { engine, manager, states };
}

const ready = (manager: ModelManager, name: string, more: Partial<DeployRequest> = {}) =>
  manager.deploy({ model_name: name, wait: true, ...more });

/** The error that `act` ends with. */
async function refusal(act: () => unknown): Promise<ApiError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("It did not fail");
}

/** Looks until `check` holds; a test that waits in vain ends by its own time-out. */
async function until(check: () => boolean): Promise<void> {
  while (!check()) await Bun.sleep(1);
}

const stateOf = (manager: ModelManager, name: string) =>
  manager.list().find((status) => status.model_name === name)?.state;

/** Reads a whole answer. */
async function answer({ model }: Lease, signal = new AbortController().signal): Promise<string> {
  const { pieces } = await model.generate(
    {
      id: "request",
      prompt: { kind: "text", text: "a b c" },
      promptParam: "prompt",
      maxTokens: null,
      maxTotalTokens: null,
      sampling: {
        temperature: 0,
        topP: 1,
        topK: 0,
        minP: 0,
        presencePenalty: 0,
        frequencyPenalty: 0,
        repeatPenalty: 1,
        seed: 1,
        logitBias: [],
      },
      stop: [],
      ignoreEos: false,
    },
    signal,
  );
  let text = "";
  for await (const piece of pieces) text += piece.text;
  return text;
}

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

describe("undeploying", () => {
  test("lets running requests finish, takes no new ones, and then unloads", async () => {
    const { engine, manager, states } = setUp({ decodeMs: 10 }, { drainMs: 10_000 });
    await ready(manager, "a");
    const lease = manager.acquire("a");
    const text = answer(lease).finally(() => lease.release());
    const undeploying = manager.undeploy("a");
    expect(stateOf(manager, "a")).toBe("draining");
    expect((await refusal(() => manager.acquire("a"))).code).toBe("model_undeploying");
    expect((await refusal(() => manager.acquire())).code).toBe("model_undeploying");
    expect((await refusal(() => manager.deploy({ model_name: "a" }))).code).toBe("model_undeploying");
    expect(engine.models[0]?.unloaded).toBe(false);
    expect(await text).toBe("Hello world");
    await undeploying;
    expect(engine.models[0]?.unloaded).toBe(true);
    expect(manager.list()).toEqual([]);
    expect(states).toEqual(["a loading", "a ready", "a draining", "a stopped"]);
  });

  test("ends requests that outlast the drain time with an error that says so", async () => {
    const { engine, manager } = setUp({ prefillMs: 60_000 }, { drainMs: 10 });
    await ready(manager, "a");
    const lease = manager.acquire("a");
    const outcome = refusal(() => answer(lease).finally(() => lease.release()));
    await manager.undeploy("a");
    expect(await outcome).toMatchObject({ status: 503, code: "model_undeployed" });
    expect(engine.models[0]?.unloaded).toBe(true);
  });

  test("does not wait for a lease released twice, nor forget one that is not", async () => {
    const { engine, manager } = setUp({}, { drainMs: 60_000 });
    await ready(manager, "a");
    const [first, second] = [manager.acquire(), manager.acquire()];
    first.release();
    first.release();
    const undeploying = manager.undeploy();
    await Bun.sleep(5);
    expect(engine.models[0]?.unloaded).toBe(false);
    second.release();
    await undeploying;
  });

  test("cancels a load that is under way", async () => {
    const { engine, manager, states } = setUp({ loadMs: 60_000 });
    const waiting = refusal(() => ready(manager, "a"));
    await until(() => stateOf(manager, "a") === "loading");
    expect(await manager.undeploy()).toBe("a");
    expect(await waiting).toMatchObject({ code: "model_undeployed" });
    expect(engine.models).toEqual([]);
    expect(manager.list()).toEqual([]);
    expect(states).toEqual(["a loading", "a draining", "a stopped"]);
  });

  test("cancels a load that waits for another one", async () => {
    const { engine, manager } = setUp({ loadMs: 30 });
    await manager.deploy({ model_name: "a" });
    await manager.deploy({ model_name: "b" });
    await manager.undeploy("b");
    expect(stateOf(manager, "a")).toBe("loading");
    await until(() => stateOf(manager, "a") === "ready");
    expect(engine.models).toHaveLength(1);
    await ready(manager, "b");
  });

  test("two of the same model at once are both answered", async () => {
    const { manager } = setUp();
    await ready(manager, "a");
    expect(await Promise.all([manager.undeploy("a"), manager.undeploy("a")])).toEqual(["a", "a"]);
  });

  test("a deploy right after it loads afresh", async () => {
    const { engine, manager } = setUp();
    await ready(manager, "a");
    await manager.undeploy("a");
    await ready(manager, "a");
    expect(engine.models).toHaveLength(2);
  });

  test("a failed model is simply gone", async () => {
    const { manager, states } = setUp({ loadError: loadFailed("broken") });
    await refusal(() => ready(manager, "a"));
    expect(await manager.undeploy()).toBe("a");
    expect(manager.list()).toEqual([]);
    expect(states.at(-1)).toBe("a stopped");
  });

  test("says what is wrong when there is nothing or nothing of that name", async () => {
    const { manager } = setUp();
    expect(await refusal(() => manager.undeploy())).toMatchObject({ status: 400, code: "no_model_deployed" });
    expect(await refusal(() => manager.undeploy("a"))).toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });
});

describe("crashes", () => {
  test("fail what runs, and the model is started again", async () => {
    const { engine, manager, states } = setUp({ prefillMs: 60_000 });
    await ready(manager, "a");
    const lease = manager.acquire();
    const outcome = refusal(() => answer(lease).finally(() => lease.release()));
    await Bun.sleep(1);
    engine.models[0]?.crash("killed by signal SIGKILL");
    expect(await outcome).toMatchObject({ status: 503, code: "engine_lost" });
    await until(() => manager.current() !== null);
    expect(manager.current()).toMatchObject({ restarts: 1, error: "killed by signal SIGKILL" });
    expect(states).toEqual(["a loading", "a ready", "a loading", "a ready"]);
    expect(engine.models).toHaveLength(2);
  });

  test("show `loading` and the reason until the restart is done", async () => {
    const { engine, manager } = setUp({}, {}, { restartDelayMs: 60_000 });
    await ready(manager, "a");
    engine.models[0]?.crash("out of memory");
    await until(() => stateOf(manager, "a") === "loading");
    expect(manager.list()).toMatchObject([{ error: "out of memory", memory_bytes: null, pid: null }]);
    expect((await refusal(() => manager.acquire("a"))).code).toBe("model_loading");
    await manager.undeploy("a");
    expect(manager.list()).toEqual([]);
    expect(engine.models).toHaveLength(1);
  });

  test("five restarts in the window, then it has failed and says so", async () => {
    const { engine, manager } = setUp();
    await ready(manager, "a");
    for (let crash = 1; crash <= 6; crash++) {
      await until(() => engine.models.length === crash && stateOf(manager, "a") === "ready");
      engine.models.at(-1)?.crash("segmentation fault");
    }
    await until(() => stateOf(manager, "a") === "failed");
    const [status] = manager.list();
    expect(status).toMatchObject({ restarts: 5 });
    expect(status?.error).toContain("segmentation fault");
    expect(status?.error).toContain("5 restarts");
    expect(engine.models).toHaveLength(6);
    await ready(manager, "a");
    expect(manager.list()).toMatchObject([{ state: "ready", restarts: 0, error: null }]);
  });

  test("of the engine during the first load are retried, unlike a refusal of the file", async () => {
    const { engine, manager } = setUp();
    const load = engine.load.bind(engine);
    let starts = 0;
    engine.load = async (spec, hooks) => {
      if (++starts < 3) throw loadLost("killed by signal SIGKILL");
      return load(spec, hooks);
    };
    await ready(manager, "a");
    expect(starts).toBe(3);
    expect(manager.list()).toMatchObject([{ restarts: 2 }]);
  });

  test("while it drains end the deployment and are not restarted", async () => {
    const { engine, manager, states } = setUp({ prefillMs: 60_000 }, { drainMs: 60_000 });
    await ready(manager, "a");
    const lease = manager.acquire();
    const outcome = refusal(() => answer(lease).finally(() => lease.release()));
    const undeploying = manager.undeploy();
    await Bun.sleep(1);
    engine.models[0]?.crash();
    expect((await outcome).code).toBe("engine_lost");
    await undeploying;
    expect(engine.models).toHaveLength(1);
    expect(states.at(-1)).toBe("a stopped");
  });

  test("take no other model with them", async () => {
    const { engine, manager } = setUp();
    await ready(manager, "a");
    await ready(manager, "b");
    engine.models[1]?.crash();
    await until(() => stateOf(manager, "b") === "loading");
    expect(manager.current()?.model_name).toBe("a");
    await until(() => stateOf(manager, "b") === "ready");
    expect(manager.current()?.model_name).toBe("b");
  });
});

describe("closing", () => {
  test("ends every model, lets requests finish within the grace time, and takes nothing new", async () => {
    const { engine, manager } = setUp({ decodeMs: 5 });
    await ready(manager, "a");
    await ready(manager, "b");
    const lease = manager.acquire("a");
    const text = answer(lease).finally(() => lease.release());
    const closing = manager.close(10_000);
    expect((await refusal(() => manager.acquire("b"))).code).toBe("shutting_down");
    expect((await refusal(() => manager.deploy({ model_name: "c" }))).code).toBe("shutting_down");
    expect(await text).toBe("Hello world");
    await closing;
    expect(engine.models.every(({ unloaded }) => unloaded)).toBe(true);
  });

  test("again, with less grace, ends the first one sooner", async () => {
    const { engine, manager } = setUp({ prefillMs: 60_000 });
    await ready(manager, "a");
    const lease = manager.acquire();
    const outcome = refusal(() => answer(lease).finally(() => lease.release()));
    const patient = manager.close(60_000);
    await manager.close(0);
    await patient;
    expect((await outcome).code).toBe("shutting_down");
    expect(engine.models[0]?.unloaded).toBe(true);
  });

  test("cancels a load and a deploy that was about to begin", async () => {
    const found = Promise.withResolvers<void>();
    const { engine, manager } = setUp(
      { loadMs: 60_000 },
      {},
      {
        files: {
          ...anyFile,
          resolve: async (name, choice) => {
            if (name === "late") await found.promise;
            return anyFile.resolve(name, choice);
          },
        },
      },
    );
    await manager.deploy({ model_name: "a" });
    const late = refusal(() => manager.deploy({ model_name: "late" }));
    await manager.close(0);
    found.resolve();
    expect((await late).code).toBe("shutting_down");
    expect(engine.models).toEqual([]);
    expect(manager.list()).toEqual([]);
  });
});
