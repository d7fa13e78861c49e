import { describe, expect, test } from "bun:test";
import type { DeploymentStatus } from "../../src/schemas/deployment.ts";
import { Advisor } from "../../src/services/advisor.ts";
import { testConfig } from "../support/config.ts";
import { FakeEngine } from "../support/fake-engine.ts";
import { loadSpec } from "../support/real-model.ts";
import { anyFile } from "../support/test-manager.ts";

/** Of weights and buffers; a slot of 1000 tokens takes another million bytes. */
const BASE = 2_500_000;

/** What a model of `parallel` slots of 1000 tokens is judged as, where this much memory is free and lies idle. */
async function judged(free: number, idle: number, parallel = 4) {
  // Its engine has not told yet that its last answer is over.
  const deployed = { model_name: "idle", state: "ready", busy_slots: 1, memory_bytes: idle };
  const advisor = new Advisor({
    engine: new FakeEngine({ weightBytes: 2_000_000 }),
    files: anyFile,
    manager: { list: () => [deployed as DeploymentStatus] },
    system: { status: () => Promise.reject(new Error("not asked for")) },
    memoryBudget: async () => free,
    ramBandwidth: () => 1,
    gpuUsable: () => false,
    config: testConfig("unused"),
    threads: 1,
  });
  return advisor.judge(loadSpec({ path: "model.gguf", contextLength: 1000, parallel }), new Set(["idle"]));
}

describe("a model that is about to be loaded", () => {
  test("fits whole, where there is memory for all it asks for", async () => {
    expect(await judged(BASE + 4_000_000, 9_000_000)).toBe("whole");
  });

  test("would gain from models that lie idle, where their memory gives it more slots", async () => {
    expect(await judged(BASE + 2_000_000, 1_000_000)).toBe("reduced");
  });

  test("has all it can have, where idle models are too small to give it any more", async () => {
    expect(await judged(BASE + 2_000_000, 900_000)).toBe("whole");
    expect(await judged(BASE + 2_000_000, 900_000, 64)).toBe("whole");
  });

  test("needs the memory of idle models, or is hopeless with that as well", async () => {
    expect(await judged(BASE, 1_000_000)).toBe("none");
    expect(await judged(BASE, 900_000)).toBe("hopeless");
  });
});
