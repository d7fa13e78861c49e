import { afterEach, describe, expect, test } from "bun:test";
import { insufficientMemory, loadFailed, modelNotFound } from "../../src/errors.ts";
import type { DeployRequest } from "../../src/schemas/deployment.ts";
import { OnDemandModels } from "../../src/services/on-demand.ts";
import { anyFile } from "../support/test-manager.ts";
import { closeManaged, ready, refusal, setUp, stateOf } from "../support/managed.ts";
import { until } from "../support/inference.ts";

afterEach(closeManaged);

const never = new AbortController().signal;

type SetUp = Parameters<typeof setUp>;

function onDemand(script: SetUp[0] = {}, overrides: SetUp[1] = {}, parts: SetUp[2] = {}) {
  const made = setUp(script, { loadOnRequest: true, ...overrides }, parts);
  return { ...made, models: new OnDemandModels(made) };
}

describe("a request that comes before all is deployed again that was deployed when the server ended", () => {
  const remembered: DeployRequest[] = [{ model_name: "a", alias: "first", context_length: 300 }];

  /** The alias is no name of a file, so only the deployment tells what it stands for. */
  function restarted(overrides: SetUp[1] = {}) {
    const files = {
      ...anyFile,
      resolve: async (name: string, ...wish: [Parameters<typeof anyFile.resolve>[1]]) => {
        await Bun.sleep(5);
        if (name === "first") throw modelNotFound(name);
        return anyFile.resolve(name, ...wish);
      },
    };
    const store = { list: () => remembered, save: () => {}, remove: () => {} };
    return onDemand({}, overrides, { files, store });
  }

  test.each([["first"], ["a"]])("finds it as %s, with its options", async (name) => {
    const { manager, models } = restarted();
    const restored = manager.restore();
    expect((await models.acquire(name, never)).name).toBe("a");
    await restored;
    expect(manager.list()).toMatchObject([{ on_demand: false, options: { context_length: 300 } }]);
  });

  test("finds it also before that has begun", async () => {
    const { manager, models } = restarted();
    manager.expectRestore();
    const asked = models.acquire("first", never);
    await Bun.sleep(1);
    void manager.restore();
    expect((await asked).name).toBe("a");
  });

  test("waits for that no longer than it may, nor than its client", async () => {
    const { manager, models } = restarted({ loadWaitMs: 5 });
    manager.expectRestore();
    expect(await refusal(() => models.acquire("first", never))).toMatchObject({
      code: "model_loading",
      retryAfter: 10,
    });
    const leaving = new AbortController();
    const left = refusal(() => models.acquire("first", leaving.signal));
    leaving.abort();
    expect((await left).code).toBe("request_cancelled");
    await manager.restore();
  });

  test("is told to come back where it names none, and not that there is none", async () => {
    const { manager, models } = restarted();
    const restored = manager.restore();
    expect(await refusal(() => models.acquire(undefined, never))).toMatchObject({
      status: 503,
      code: "model_loading",
    });
    await restored;
  });

  test("does not wait for it where it names another that is there", async () => {
    const { manager, models } = restarted();
    await manager.deploy({ model_name: "b", wait: true });
    void manager.restore();
    expect((await models.acquire("b", never)).name).toBe("b");
    expect(manager.list()).toHaveLength(1);
  });
});

describe("a request that names a model on disk", () => {
  test("loads it, once for any number of requests", async () => {
    const { engine, models, manager } = onDemand({ loadMs: 20 });
    const leases = await Promise.all(Array.from({ length: 5 }, () => models.acquire("a", never)));
    expect(engine.models).toHaveLength(1);
    expect(leases.map(({ name }) => name)).toEqual(["a", "a", "a", "a", "a"]);
    expect(manager.list()).toMatchObject([{ model_name: "a", on_demand: true, state: "ready" }]);
  });

  test("is refused at once where loading on request is switched off", async () => {
    const { models } = onDemand({}, { loadOnRequest: false });
    expect((await refusal(() => models.acquire("a", never))).code).toBe("model_not_found");
  });

  test("is refused when there is no such file, and deploys nothing", async () => {
    const files = { ...anyFile, resolve: async (name: string) => Promise.reject(modelNotFound(name)) };
    const { models, manager } = onDemand({}, {}, { files });
    expect((await refusal(() => models.acquire("a", never))).code).toBe("model_not_found");
    expect(manager.list()).toEqual([]);
  });

  test("waits no longer than it may, and is told to come back", async () => {
    const { models } = onDemand({ loadMs: 60_000 }, { loadWaitMs: 30 });
    const error = await refusal(() => models.acquire("a", never));
    expect(error).toMatchObject({ status: 503, code: "model_loading" });
    expect(error.retryAfter).toBeGreaterThan(0);
  });

  test("is told that the model is still downloaded, when that is what it has waited for", async () => {
    const files = {
      ...anyFile,
      resolve: async (...[name, wish]: Parameters<typeof anyFile.resolve>) => ({
        ...(await anyFile.resolve(name, wish)),
        download: { name, files: [], fileSize: null, quantisation: null, repo: null, commit: null },
      }),
      fetch: (...[, { signal }]: Parameters<typeof anyFile.fetch>) =>
        new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    };
    const { models, manager } = onDemand({}, { loadWaitMs: 30 }, { files });
    await manager.deploy({ model_name: "a" });
    const error = await refusal(() => models.acquire("a", never));
    expect(error).toMatchObject({ code: "model_loading", retryAfter: 10 });
    expect(error.message).toContain("still downloading");
  });

  test("is refused when as many wait already as the model could serve and queue", async () => {
    const { models } = onDemand({ loadMs: 100 }, { queueLimit: 1, parallel: 2 });
    const client = new AbortController();
    const left = refusal(() => models.acquire("a", client.signal));
    const others = [models.acquire("a", never), models.acquire("a", never)];
    await Bun.sleep(5);
    const error = await refusal(() => models.acquire("a", never));
    expect(error).toMatchObject({ status: 429, code: "queue_full" });
    expect(error.retryAfter).toBeGreaterThan(0);
    client.abort();
    await left;
    others.push(models.acquire("a", never));
    expect((await Promise.all(others)).map(({ name }) => name)).toEqual(["a", "a", "a"]);
    expect((await models.acquire("a", never)).name).toBe("a");
  });

  test("is refused by the slots that the model was deployed with", async () => {
    const { manager, models } = onDemand({ loadMs: 100 }, { queueLimit: 1, parallel: 4 });
    await manager.deploy({ model_name: "a", parallel: 1 });
    const others = [models.acquire("a", never), models.acquire("a", never)];
    await Bun.sleep(5);
    expect(await refusal(() => models.acquire("a", never))).toMatchObject({ code: "queue_full" });
    await Promise.all(others);
  });

  test("ends its wait when its client leaves, and the load goes on for others", async () => {
    const { models, manager } = onDemand({ loadMs: 50 });
    const client = new AbortController();
    const left = refusal(() => models.acquire("a", client.signal));
    const other = models.acquire("a", never);
    await until(() => stateOf(manager, "a") === "loading");
    client.abort();
    expect((await left).code).toBe("request_cancelled");
    expect((await other).name).toBe("a");
  });

  test("does not storm a model that can not be loaded", async () => {
    const { engine, models } = onDemand({ loadError: loadFailed("broken") });
    let loads = 0;
    const load = engine.load.bind(engine);
    engine.load = (...given) => (loads++, load(...given));
    for (let attempt = 0; attempt < 3; attempt++) {
      const error = await refusal(() => models.acquire("a", never));
      expect(error).toMatchObject({ status: 503, code: "model_failed" });
      expect(error.retryAfter).toBeGreaterThan(0);
    }
    expect(loads).toBe(1);
  });

  test("does not take the place of what was deployed", async () => {
    const { models, manager } = onDemand();
    await ready(manager, "a");
    await models.acquire("b", never);
    expect(manager.current()?.model_name).toBe("a");
  });

  test("uses the deployment that has its file under another name", async () => {
    const files = {
      ...anyFile,
      resolve: async (name: string) => ({ ...(await anyFile.resolve(name, NO_CHOICE)), path: "/one.gguf" }),
    };
    const { engine, models, manager } = onDemand({}, {}, { files });
    await ready(manager, "a");
    expect((await models.acquire("a.gguf", never)).name).toBe("a");
    expect(engine.models).toHaveLength(1);
  });
});

const NO_CHOICE = { eightBit: false, fourBit: false, token: null, onDisk: true };

describe("a request for a model that is loading", () => {
  test("waits for it when it names it", async () => {
    const { models, manager } = onDemand({ loadMs: 20 });
    await manager.deploy({ model_name: "a" });
    expect((await models.acquire("a", never)).name).toBe("a");
  });

  test("hears at once that it loads when it names none", async () => {
    const { models, manager } = onDemand({ loadMs: 60_000 });
    await manager.deploy({ model_name: "a" });
    expect((await refusal(() => models.acquire(undefined, never))).code).toBe("model_loading");
  });

  test("fails with it", async () => {
    const { models, manager } = onDemand({ loadMs: 10, loadError: loadFailed("broken") });
    await manager.deploy({ model_name: "a" });
    expect((await refusal(() => models.acquire("a", never))).message).toContain("broken");
  });

  test("ends when the server shuts down", async () => {
    const { models, manager } = onDemand({ loadMs: 60_000 });
    const waiting = refusal(() => models.acquire("a", never));
    await until(() => stateOf(manager, "a") === "loading");
    await manager.close(0);
    expect((await waiting).code).toBe("shutting_down");
  });

  test("hears when it is undeployed meanwhile", async () => {
    const { models, manager } = onDemand({ loadMs: 60_000 });
    await manager.deploy({ model_name: "a" });
    const waiting = refusal(() => models.acquire("a", never));
    await Bun.sleep(1);
    await manager.undeploy("a");
    expect((await waiting).code).toBe("model_undeploying");
    expect(manager.list()).toEqual([]);
  });
});

describe("a deployment that a request made", () => {
  test("is taken over by a deploy that asks for the same, and nothing is loaded again", async () => {
    const saved: string[] = [];
    const store = {
      list: () => [],
      save: ({ model_name }: DeployRequest) => saved.push(model_name),
      remove: () => {},
    };
    const { engine, models, manager } = onDemand({}, { onDemandTtlMs: 20 }, { store });
    await ready(manager, "b");
    (await models.acquire("a", never)).release();
    const answer = await manager.deploy({ model_name: "a", alias: "mine", pinned: true });
    expect(answer).toMatchObject({ model_name: "a", status: "ready" });
    expect(manager.current()).toMatchObject({
      model_name: "a",
      on_demand: false,
      pinned: true,
      aliases: ["mine"],
    });
    expect(saved).toEqual(["b", "a"]);
    await Bun.sleep(40);
    expect(stateOf(manager, "a")).toBe("ready");
    expect(engine.models).toHaveLength(2);
  });

  test("gives its requests the defaults of the deploy from then on", async () => {
    const { models, manager } = onDemand();
    (await models.acquire("a", never)).release();
    await manager.deploy({ model_name: "a", system_prompt: "Be brief." });
    expect((await models.acquire("a", never)).defaults.systemPrompt).toBe("Be brief.");
  });

  test("is waited for by a deploy that comes while it loads", async () => {
    const { engine, models, manager } = onDemand({ loadMs: 30 });
    const asked = models.acquire("a", never);
    await until(() => stateOf(manager, "a") === "loading");
    expect(await ready(manager, "a")).toMatchObject({ status: "ready" });
    expect((await asked).name).toBe("a");
    expect(engine.models).toHaveLength(1);
  });

  test("is waited for by a deploy that comes while it is loaded once more", async () => {
    const { engine, models, manager } = onDemand();
    (await models.acquire("a", never)).release(0);
    await until(() => stateOf(manager, "a") === "unloaded");
    engine.script.loadMs = 30;
    const again = models.acquire("a", never);
    await until(() => stateOf(manager, "a") === "loading");
    expect(await ready(manager, "a")).toMatchObject({ status: "ready" });
    expect(stateOf(manager, "a")).toBe("ready");
    await again;
  });

  test("tells a deploy that waits why it is not loaded once more", async () => {
    const { engine, models, manager } = onDemand();
    (await models.acquire("a", never)).release(0);
    await until(() => stateOf(manager, "a") === "unloaded");
    Object.assign(engine.script, { loadMs: 30, loadError: insufficientMemory("It does not fit now") });
    const again = refusal(() => models.acquire("a", never));
    await until(() => stateOf(manager, "a") === "loading");
    expect((await refusal(() => ready(manager, "a"))).code).toBe("insufficient_memory");
    await again;
    engine.script.loadError = null;
    expect(await ready(manager, "a")).toMatchObject({ status: "ready" });
  });

  test("is loaded again for a deploy that asks for something else, when nobody uses it", async () => {
    const { engine, models, manager } = onDemand();
    (await models.acquire("a", never)).release();
    expect(await ready(manager, "a", { context_length: 64 })).toMatchObject({ status: "ready" });
    expect(manager.list()).toMatchObject([{ model_name: "a", on_demand: false, context_length: 64 }]);
    expect(engine.models.map(({ unloaded }) => unloaded)).toEqual([true, false]);
  });

  test("has to be undeployed first for a deploy that asks for something else while it is used", async () => {
    const { models, manager } = onDemand();
    const lease = await models.acquire("a", never);
    const error = await refusal(() => manager.deploy({ model_name: "a", context_length: 64 }));
    expect(error).toMatchObject({ status: 400, code: "already_deployed" });
    expect(manager.list()).toMatchObject([{ model_name: "a", on_demand: true, state: "ready" }]);
    lease.release();
  });

  test("goes to one of two deploys at once that ask for different things", async () => {
    const { engine, models, manager } = onDemand();
    (await models.acquire("a", never)).release();
    const answers = await Promise.allSettled(
      [64, 128].map((context_length) => ready(manager, "a", { context_length })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(manager.list()).toMatchObject([{ model_name: "a", on_demand: false, state: "ready" }]);
    expect(engine.models).toHaveLength(2);
  });

  test("makes way for any deploy once it lies unloaded", async () => {
    const { engine, models, manager } = onDemand({}, { onDemandTtlMs: 0 });
    (await models.acquire("a", never)).release();
    await until(() => stateOf(manager, "a") === "unloaded");
    expect(await ready(manager, "a", { context_length: 64 })).toMatchObject({ status: "ready" });
    expect(manager.list()).toMatchObject([{ model_name: "a", on_demand: false, state: "ready" }]);
    expect(engine.models).toHaveLength(2);
  });
});

describe("an alias", () => {
  test("stands for its deployment, and can not be taken twice", async () => {
    const { models, manager } = onDemand();
    await ready(manager, "a", { alias: ["small", "fast"] });
    expect((await models.acquire("fast", never)).name).toBe("a");
    expect((await refusal(() => ready(manager, "b", { alias: "small" }))).code).toBe("alias_taken");
    expect((await refusal(() => ready(manager, "small"))).code).toBe("already_deployed");
    expect(await manager.undeploy("small")).toBe("a");
  });
});
