import { afterEach, describe, expect, test } from "bun:test";
import { loadFailed } from "../../src/errors.ts";
import type { DeployRequest } from "../../src/schemas/deployment.ts";
import { OnDemandModels } from "../../src/services/on-demand.ts";
import { until } from "../support/engine-requests.ts";
import { closeManaged, ready, refusal, setUp, stateOf } from "../support/managed.ts";

afterEach(closeManaged);

const never = new AbortController().signal;

describe("a name that a failed deployment had", () => {
  /** `big` has failed, and `small` is ready under the name it had. */
  async function passedOn(failed: { alias?: string }, alias: string) {
    const { engine, manager } = setUp({ loadError: loadFailed("It is no GGUF file") });
    await refusal(() => ready(manager, "big", failed));
    engine.script.loadError = null;
    await ready(manager, "small", { alias });
    return manager;
  }

  test.each([
    ["alias", { alias: "gpt" }, "gpt"],
    ["own name", {}, "big"],
  ])("as its %s is that of who took it", async (_as, failed, name) => {
    const manager = await passedOn(failed, name);
    expect(manager.acquire(name).name).toBe("small");
    expect(await manager.undeploy(name)).toBe("small");
    expect(stateOf(manager, "big")).toBe("failed");
    expect(await manager.undeploy(name)).toBe("big");
  });
});

test("a name with spaces around it is remembered without them, and forgotten by what it is called", async () => {
  const remembered = new Set<string>();
  const store = {
    list: () => [],
    save: ({ model_name }: DeployRequest) => void remembered.add(model_name),
    remove: (name: string) => void remembered.delete(name),
  };
  const { manager } = setUp({}, {}, { store });
  await ready(manager, " a ");
  expect([...remembered]).toEqual(["a"]);
  await manager.undeploy("a");
  expect([...remembered]).toEqual([]);
});

describe("a deploy whose name makes way and whose alias is taken", () => {
  const isRefused = async (manager: ReturnType<typeof setUp>["manager"]) =>
    expect(await refusal(() => manager.deploy({ model_name: "a", alias: "b" }))).toMatchObject({
      code: "alias_taken",
      param: "alias",
    });

  test("is refused and leaves what lies unloaded as it is", async () => {
    const { manager } = setUp();
    await ready(manager, "a");
    manager.acquire("a").release(0);
    await ready(manager, "b");
    await until(() => stateOf(manager, "a") === "unloaded");
    await isRefused(manager);
    expect(stateOf(manager, "a")).toBe("unloaded");
  });

  test("is refused and leaves what a request has loaded as it is", async () => {
    const { manager, events, config } = setUp({}, { loadOnRequest: true });
    const models = new OnDemandModels({ manager, events, config });
    (await models.acquire("a", never)).release();
    await ready(manager, "b");
    await isRefused(manager);
    expect(stateOf(manager, "a")).toBe("ready");
    expect(manager.acquire("b").name).toBe("b");
  });
});
