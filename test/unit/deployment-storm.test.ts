import { afterEach, expect, test } from "bun:test";
import { ApiError } from "../../src/errors.ts";
import type { Lease } from "../../src/services/leases.ts";
import type { ModelManager } from "../../src/services/model-manager.ts";
import { OnDemandModels } from "../../src/services/on-demand.ts";
import type { FakeModel } from "../support/fake-engine.ts";
import { closeManaged, ready, setUp } from "../support/managed.ts";
import { seeded } from "../support/random.ts";

afterEach(closeManaged);

const NAMES = ["a", "b", "c", "d"];
const never = new AbortController().signal;

/*
 * Deploys, undeploys, requests, unloads and crashes of four models at the same time, on a machine that has memory
 * for some of them. Every outcome but a bug is an `ApiError`.
 */
test.each([
  [1, 1],
  [1, 2],
  [2, 3],
  [2, 4],
  [3, 5],
  [3, 6],
])(
  "a storm leaves nothing behind, never takes a model from a request and never overfills memory: room for %d, seed %d",
  async (room, seed) => {
    let manager: ModelManager | null = null;
    const made = setUp(
      { loadMs: 1, unloadMs: 6 },
      { loadOnRequest: true, loadWaitMs: 400, drainMs: 5000, onDemandTtlMs: 3 },
      { judge: async () => (held() < room ? "whole" : "none") },
    );
    manager = made.manager;
    const held = () => manager?.list().filter(({ memory_bytes }) => memory_bytes !== null).length ?? 0;
    const models = new OnDemandModels(made);
    const live = new Set<FakeModel>();
    const crashed = new Set<FakeModel>();
    const faults: string[] = [];
    const load = made.engine.load.bind(made.engine);
    made.engine.load = async (...given) => {
      if (live.size >= room) faults.push(`${given[0].name} is loaded into memory that is full`);
      const model = (await load(...given)) as FakeModel;
      live.add(model);
      void model.gone.then(() => live.delete(model));
      return model;
    };

    const random = seeded(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const use = async (lease: Lease, ms: number, keepMs: number | null | undefined) => {
      await Bun.sleep(ms);
      const model = lease.model as FakeModel;
      if (model.unloaded && !crashed.has(model)) faults.push(`${lease.name} is taken from a request`);
      lease.release(keepMs);
    };
    const acts: (() => Promise<unknown>)[] = [
      async () => use(await models.acquire(pick(NAMES), never), random() * 8, pick([0, null, undefined])),
      async () => use(await models.acquire(pick(NAMES), never), random() * 8, pick([0, null, undefined])),
      async () => made.manager.deploy({ model_name: pick(NAMES), ttl: pick([0, 0.004, -1]) }),
      async () => ready(made.manager, pick(NAMES), { context_length: pick([64, 128]) }),
      async () => made.manager.undeploy(pick([...NAMES, undefined])),
      async () => {
        const model = pick([...live]);
        if (!model) return;
        crashed.add(model);
        model.crash();
      },
    ];
    const bugs: unknown[] = [];
    const outcomes: Promise<unknown>[] = [];
    for (let step = 0; step < 150; step++) {
      outcomes.push(
        pick(acts)().catch((error: unknown) => {
          if (!(error instanceof ApiError)) bugs.push(error);
        }),
      );
      await Bun.sleep(random() * 3);
    }
    await Promise.all(outcomes);
    expect(bugs).toEqual([]);
    expect(faults).toEqual([]);
    await Promise.all(made.manager.list().map(({ model_name }) => made.manager.undeploy(model_name)));
    expect(made.manager.list()).toEqual([]);
    expect(live.size).toBe(0);
    expect(made.engine.models.length).toBeGreaterThan(5);
  },
  20_000,
);
