import pino from "pino";
import type { Config } from "../../src/config.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { EventBus } from "../../src/services/events.ts";
import { ModelManager, type ModelManagerParts } from "../../src/services/model-manager.ts";

/** A manager around `engine` for which every name is a file, and which restarts without delay. */
export function testManager(
  engine: Engine,
  config: Config,
  parts: Partial<ModelManagerParts> = {},
): ModelManager {
  return new ModelManager({
    engine,
    config,
    events: new EventBus(),
    log: pino({ level: "silent" }),
    files: { resolve: async (name) => ({ path: `/models/${name}` }) },
    memoryBudget: async () => 8e9,
    threads: 2,
    tuning: { get: () => null, set: () => {} },
    restartDelayMs: 1,
    ...parts,
  });
}
