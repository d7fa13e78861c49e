import { afterEach, describe, expect, test } from "bun:test";
import { loadFailed, loadLost } from "../../src/errors.ts";
import { until } from "../support/engine-requests.ts";
import { answer, closeManaged, ready, refusal, setUp, stateOf } from "../support/managed.ts";
import { anyFile } from "../support/test-manager.ts";

afterEach(closeManaged);

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
    const { engine, manager } = setUp({}, {}, { restartDelayMs: 60_000 });
    await ready(manager, "a");
    await ready(manager, "b");
    engine.models[1]?.crash();
    await until(() => stateOf(manager, "b") === "loading");
    expect(manager.current()?.model_name).toBe("a");
    expect(manager.acquire().name).toBe("a");
  });

  test("leave the model its place: once it is back it is the current one again", async () => {
    const { engine, manager } = setUp();
    await ready(manager, "a");
    await ready(manager, "b");
    engine.models[1]?.crash();
    await until(() => engine.models.length === 3 && stateOf(manager, "b") === "ready");
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
