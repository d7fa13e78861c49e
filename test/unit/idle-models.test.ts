import { afterEach, describe, expect, test } from "bun:test";
import { insufficientMemory } from "../../src/errors.ts";
import type { ModelManager } from "../../src/services/model-manager.ts";
import { OnDemandModels } from "../../src/services/on-demand.ts";
import type { Verdict } from "../../src/services/memory-keeper.ts";
import { until } from "../support/inference.ts";
import { closeManaged, ready, refusal, setUp, stateOf } from "../support/managed.ts";

afterEach(closeManaged);

const never = new AbortController().signal;

describe("a model that lies idle", () => {
  test("gives its memory back after its time, and loads again for the next request", async () => {
    const { engine, manager, states, models } = withLoading();
    await ready(manager, "a", { ttl: 0.02 });
    await until(() => stateOf(manager, "a") === "unloaded");
    await until(() => engine.models[0]?.unloaded === true);
    expect(manager.list()).toMatchObject([{ memory_bytes: null, pid: null, ttl: 0.02 }]);
    const lease = await models.acquire("a", never);
    expect(engine.models).toHaveLength(2);
    lease.release();
    expect(states.slice(0, 5)).toEqual(["a loading", "a ready", "a unloaded", "a loading", "a ready"]);
  });

  test("loads again for a request that names no model", async () => {
    const { manager, models } = withLoading();
    await ready(manager, "a", { ttl: 0 });
    await until(() => stateOf(manager, "a") === "unloaded");
    expect((await models.acquire(undefined, never)).name).toBe("a");
  });

  test("loads again for all requests that name no model, though another loads for the first time", async () => {
    const { engine, manager, models } = withLoading();
    await ready(manager, "a", { ttl: 0 });
    await until(() => stateOf(manager, "a") === "unloaded");
    engine.script.loadMs = 20;
    await manager.deploy({ model_name: "b" });
    const leases = await Promise.all([models.acquire(undefined, never), models.acquire(undefined, never)]);
    expect(leases.map(({ name }) => name)).toEqual(["a", "a"]);
  });

  test("takes requests that name no model after what was deployed, where a request has loaded it", async () => {
    const { manager, models } = withLoading();
    await ready(manager, "a", { ttl: 0 });
    (await models.acquire("b", never)).release(0);
    await until(() => stateOf(manager, "a") === "unloaded" && stateOf(manager, "b") === "unloaded");
    expect((await models.acquire(undefined, never)).name).toBe("a");
  });

  test("stays while it is used, however short its time", async () => {
    const { manager } = setUp();
    await ready(manager, "a", { ttl: 0.01 });
    const lease = manager.acquire("a");
    await Bun.sleep(30);
    expect(stateOf(manager, "a")).toBe("ready");
    lease.release();
    await until(() => stateOf(manager, "a") === "unloaded");
  });

  test("stays for ever unless it has a time, or when it is pinned", async () => {
    const { manager } = setUp();
    await ready(manager, "a");
    await ready(manager, "b", { ttl: 0.001, pinned: true });
    await ready(manager, "c", { ttl: -1 });
    await Bun.sleep(20);
    expect(["a", "b", "c"].map((name) => stateOf(manager, name))).toEqual(["ready", "ready", "ready"]);
  });

  test("goes or stays as its last request wants it", async () => {
    const { manager } = setUp();
    await ready(manager, "a");
    await ready(manager, "b", { ttl: 0.005 });
    const kept = manager.acquire("b");
    kept.release(null);
    manager.acquire("a").release(0);
    await until(() => stateOf(manager, "a") === "unloaded");
    await Bun.sleep(20);
    expect(stateOf(manager, "b")).toBe("ready");
  });

  test("that does not fit any more stays unloaded and is tried again later, not at every request", async () => {
    const { engine, manager, models } = withLoading();
    await ready(manager, "a", { ttl: 0 });
    await until(() => stateOf(manager, "a") === "unloaded");
    engine.script.loadError = insufficientMemory("It needs 4 GiB");
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await refusal(() => models.acquire("a", never));
      expect(error).toMatchObject({ status: 503, code: "model_failed" });
      expect(error.message).toContain("It needs 4 GiB");
      expect(error.retryAfter).toBeGreaterThan(0);
    }
    expect(manager.list()).toMatchObject([{ state: "unloaded", restarts: 0 }]);
    await manager.undeploy("a");
  });

  test("is loaded by a deploy of its name, as that asks for", async () => {
    const { engine, manager } = setUp();
    await ready(manager, "a", { ttl: 0 });
    await until(() => stateOf(manager, "a") === "unloaded");
    expect(await ready(manager, "a", { context_length: 64 })).toMatchObject({ status: "ready" });
    expect(manager.list()).toMatchObject([{ state: "ready", context_length: 64, ttl: null }]);
    expect(engine.models).toHaveLength(2);
  });

  test("keeps its name and file from other deployments", async () => {
    const { manager } = setUp();
    await ready(manager, "a", { ttl: 0 });
    await until(() => stateOf(manager, "a") === "unloaded");
    const error = await refusal(() => ready(manager, "b", { alias: "a" }));
    expect(error).toMatchObject({ code: "alias_taken" });
    expect(manager.list()).toMatchObject([{ model_name: "a" }]);
  });

  test("can be undeployed while it lies unloaded", async () => {
    const { manager, states } = setUp();
    await ready(manager, "a", { ttl: 0 });
    await until(() => stateOf(manager, "a") === "unloaded");
    await manager.undeploy("a");
    expect(manager.list()).toEqual([]);
    expect(states.at(-1)).toBe("a stopped");
  });

  test("that loads again is there for the current request only once it is ready", async () => {
    const { manager } = setUp({ loadMs: 20 });
    await ready(manager, "a", { ttl: 0 });
    await until(() => stateOf(manager, "a") === "unloaded");
    expect((await refusal(() => manager.acquire("a"))).code).toBe("model_loading");
    await until(() => stateOf(manager, "a") === "ready");
  });
});

describe("memory for a newcomer", () => {
  test("is taken from the idle model that was used least recently", async () => {
    const { manager, engine } = withMemory(2);
    await ready(manager, "a");
    await ready(manager, "b");
    manager.acquire("a").release();
    await ready(manager, "c");
    expect(stateOf(manager, "b")).toBe("unloaded");
    expect(["a", "c"].map((name) => stateOf(manager, name))).toEqual(["ready", "ready"]);
    expect(engine.models.map(({ unloaded }) => unloaded)).toEqual([false, true, false]);
  });

  test("is never taken from a pinned model or one at work: the newcomer waits", async () => {
    const { manager } = withMemory(2);
    await ready(manager, "pinned", { pinned: true });
    await ready(manager, "working");
    const lease = manager.acquire("working");
    const newcomer = ready(manager, "c");
    await Bun.sleep(80);
    expect(stateOf(manager, "c")).toBe("loading");
    expect(stateOf(manager, "working")).toBe("ready");
    lease.release();
    await newcomer;
    expect(stateOf(manager, "working")).toBe("unloaded");
    expect(stateOf(manager, "pinned")).toBe("ready");
  });

  test("that models at work hold for too long is told as such", async () => {
    const { manager } = withMemory(1, { loadWaitMs: 60 });
    await ready(manager, "working");
    const lease = manager.acquire("working");
    const error = await refusal(() => ready(manager, "b"));
    expect(error).toMatchObject({ status: 503, code: "memory_busy" });
    lease.release();
  });

  test("that models at work hold is what requests are told too that want another model", async () => {
    const { manager, models } = withMemory(1, { loadOnRequest: true, loadWaitMs: 60 });
    await ready(manager, "working");
    const lease = manager.acquire("working");
    await refusal(() => models.acquire("b", never));
    await until(() => stateOf(manager, "b") === "failed");
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await refusal(() => models.acquire("b", never));
      expect(error).toMatchObject({ status: 503, code: "memory_busy" });
      expect(error.message).toContain("'b' needs memory that models at work hold");
      expect(error.retryAfter).toBeGreaterThan(0);
    }
    lease.release();
  });

  test("is not waited for by one that is forced in, which takes that of idle models all the same", async () => {
    const { manager } = withMemory(2);
    await ready(manager, "idle");
    await ready(manager, "working");
    const lease = manager.acquire("working");
    await ready(manager, "b", { force: true });
    await ready(manager, "c", { force: true, pinned: true });
    const states = ["idle", "working", "b", "c"].map((name) => stateOf(manager, name));
    expect(states).toEqual(["unloaded", "ready", "unloaded", "ready"]);
    manager.acquire("c");
    await ready(manager, "d", { force: true });
    expect(stateOf(manager, "working")).toBe("ready");
    lease.release();
  });

  test("is given back by a model at work that crashes", async () => {
    const { manager, engine } = withMemory(1, {}, { restartDelayMs: 60_000 });
    await ready(manager, "working");
    manager.acquire("working");
    const newcomer = ready(manager, "b");
    await Bun.sleep(10);
    engine.models[0]?.crash();
    await newcomer;
  });

  test("is not waited for by one that is undeployed meanwhile", async () => {
    const { manager } = withMemory(1);
    await ready(manager, "working");
    const lease = manager.acquire("working");
    await manager.deploy({ model_name: "b" });
    await Bun.sleep(10);
    await manager.undeploy("b");
    expect(stateOf(manager, "b")).toBeUndefined();
    expect(stateOf(manager, "working")).toBe("ready");
    lease.release();
  });

  test("is not taken when the newcomer could do with less and nothing lies idle", async () => {
    const { manager } = withMemory(1, {}, {}, "reduced");
    await ready(manager, "working");
    const lease = manager.acquire("working");
    await ready(manager, "b");
    expect(stateOf(manager, "working")).toBe("ready");
    lease.release();
  });

  test("is not taken from idle models that do not have enough of it: the newcomer waits for those at work", async () => {
    let verdict: Verdict = "whole";
    const { manager } = withLoading({}, { judge: async () => verdict });
    await ready(manager, "small");
    await ready(manager, "working");
    const lease = manager.acquire("working");
    verdict = "hopeless";
    const newcomer = ready(manager, "c");
    await Bun.sleep(80);
    expect(["small", "working"].map((name) => stateOf(manager, name))).toEqual(["ready", "ready"]);
    verdict = "whole";
    lease.release();
    await newcomer;
    expect(stateOf(manager, "small")).toBe("ready");
  });

  test("is not taken from idle models where all of it would not do, and nobody is at work", async () => {
    let verdict: Verdict = "whole";
    const { engine, manager } = withLoading({}, { judge: async () => verdict });
    await ready(manager, "a");
    await ready(manager, "b");
    verdict = "hopeless";
    engine.script.loadError = insufficientMemory("It needs 400 GiB");
    expect((await refusal(() => ready(manager, "big"))).code).toBe("insufficient_memory");
    expect(["a", "b"].map((name) => stateOf(manager, name))).toEqual(["ready", "ready"]);
  });

  test("is waited for by those alone that need it: others load meanwhile, after a crash too", async () => {
    let verdict: Verdict = "whole";
    const { engine, manager } = withLoading({}, { judge: async () => verdict });
    await ready(manager, "working");
    const lease = manager.acquire("working");
    verdict = "none";
    const newcomer = ready(manager, "big");
    await Bun.sleep(50);
    verdict = "whole";
    await ready(manager, "tiny");
    engine.models.at(-1)?.crash();
    await until(() => manager.list().some((one) => one.model_name === "tiny" && one.restarts === 1));
    await until(() => stateOf(manager, "tiny") === "ready");
    expect(stateOf(manager, "big")).toBe("loading");
    lease.release();
    await newcomer;
  });

  test("that comes free while the newcomer is judged is taken all the same", async () => {
    const held: { lease?: { release(): void } } = {};
    const judge = async (_spec: unknown, idle: ReadonlySet<string>): Promise<Verdict> => {
      held.lease?.release();
      if (held.lease === undefined || stateOf(manager, "working") !== "ready") return "whole";
      return idle.has("working") ? "none" : "hopeless";
    };
    const { manager } = withLoading({}, { judge });
    await ready(manager, "working");
    held.lease = manager.acquire("working");
    await ready(manager, "b");
    expect(stateOf(manager, "working")).toBe("unloaded");
  });

  test("goes to those that wait for it in the order they came", async () => {
    const { manager, states } = withMemory(1);
    await ready(manager, "working");
    const lease = manager.acquire("working");
    const first = ready(manager, "first");
    await Bun.sleep(40);
    const second = ready(manager, "second");
    await Bun.sleep(40);
    lease.release();
    await Promise.all([first, second]);
    const arrived = states.filter((state) => /^(first|second) ready$/.test(state));
    expect(arrived).toEqual(["first ready", "second ready"]);
  });

  test("that others wait for is waited for no longer than promised", async () => {
    const { manager } = withMemory(1, { loadWaitMs: 60 });
    await ready(manager, "working");
    const lease = manager.acquire("working");
    const refused = await Promise.all(["b", "c"].map((name) => refusal(() => ready(manager, name))));
    expect(refused.map(({ code }) => code)).toEqual(["memory_busy", "memory_busy"]);
    lease.release();
  });

  test("is waited for where an engine is about to end, and is there when the newcomer loads", async () => {
    const { engine, manager, freeAtLoad } = withMemory(1);
    engine.script.unloadMs = 60;
    await ready(manager, "undeployed");
    const undeploying = manager.undeploy("undeployed");
    await ready(manager, "unloaded");
    await undeploying;
    manager.acquire("unloaded").release(0);
    await until(() => stateOf(manager, "unloaded") === "unloaded");
    await ready(manager, "b");
    expect(freeAtLoad).toEqual([true, true, true]);
  });

  test("is waited for where a model finishes its requests to be undeployed", async () => {
    const { manager, freeAtLoad } = withMemory(2, { drainMs: 60_000 });
    await ready(manager, "a");
    await ready(manager, "working");
    const [lease, other] = [manager.acquire("a"), manager.acquire("working")];
    const undeploying = manager.undeploy("a");
    const newcomer = ready(manager, "c");
    await Bun.sleep(80);
    expect(stateOf(manager, "c")).toBe("loading");
    lease.release();
    await Promise.all([undeploying, newcomer]);
    expect(stateOf(manager, "working")).toBe("ready");
    expect(freeAtLoad).toEqual([true, true, true]);
    other.release();
  });

  test("lets two models share it in turns", async () => {
    const { manager, models } = withMemory(1, { loadOnRequest: true });
    for (const name of ["a", "b", "a", "b"]) (await models.acquire(name, never)).release();
    expect(manager.list().map(({ state }) => state)).toEqual(["unloaded", "ready"]);
  });
});

type Parts = Parameters<typeof setUp>;

function withLoading(overrides: Parts[1] = {}, parts: Parts[2] = {}) {
  const made = setUp({}, { loadOnRequest: true, ...overrides }, parts);
  return { ...made, models: new OnDemandModels(made) };
}

/** A machine on which `count` models fit; one more fits not at all, or `otherwise`. */
function withMemory(
  count: number,
  overrides: Parts[1] = {},
  parts: Parts[2] = {},
  otherwise: Verdict = "none",
) {
  let manager: ModelManager | null = null;
  const judge = async (): Promise<Verdict> => {
    const held = manager?.list().filter(({ memory_bytes: bytes }) => bytes !== null).length ?? 0;
    return held < count ? "whole" : otherwise;
  };
  const made = withLoading(overrides, { ...parts, judge });
  manager = made.manager;
  /** Of each load, whether there was room for one more engine. */
  const freeAtLoad: boolean[] = [];
  const load = made.engine.load.bind(made.engine);
  made.engine.load = (...given) => {
    freeAtLoad.push(made.engine.models.filter(({ unloaded }) => !unloaded).length < count);
    return load(...given);
  };
  return { ...made, freeAtLoad };
}
