import pino from "pino";
import type { Config } from "../../src/config/config.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { AdvisorParts } from "../../src/services/advisor.ts";
import type { ModelHeader } from "../../src/services/deploy-plan.ts";
import { EventBus } from "../../src/services/events.ts";
import { ModelManager, type ModelManagerParts } from "../../src/services/model-manager.ts";

/** What the header of a model says: trained for 4096 tokens, without tensors. */
export const testHeader = (changes: Partial<ModelHeader> = {}): ModelHeader => ({
  architecture: "llama",
  contextLength: 4096,
  isAdapter: false,
  number: () => null,
  tensors: [],
  vocabularySize: 512,
  ...changes,
});

export type TestFiles = AdvisorParts["files"];

/** Model files for which every name is one, trained for 4096 tokens. */
export const anyFile: TestFiles = {
  resolve: async (name) => {
    const path = `/models/${name}`;
    return { name, path, parts: [path], fileSize: 4_000_000, warnings: [], download: null };
  },
  header: async () => testHeader(),
  fetch: async () => {},
  sketch: async ({ path }) => ({ path, activeBytes: 2_000_000_000, [Symbol.asyncDispose]: async () => {} }),
  siblings: async () => [
    { name: "model-Q2_K.gguf", fileSize: 1_000_000, quantisation: "Q2_K" },
    { name: "model-Q3_K_M.gguf", fileSize: 2_000_000, quantisation: "Q3_K_M" },
  ],
};

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
    files: anyFile,
    memoryBudget: async () => 8e9,
    threads: 2,
    tuning: { get: () => null, set: () => {} },
    store: { list: () => [], save: () => {}, remove: () => {} },
    restartDelayMs: 1,
    ...parts,
  });
}
