import { join } from "node:path";
import { parseArgs } from "node:util";
import type { MemoryUse } from "../src/engine/engine.ts";
import { LlamaEngine } from "../src/engine/process.ts";
import { formatBytes } from "../src/formats/quantity.ts";
import { EngineProcess } from "../test/support/engine-process.ts";
import { loadSpec } from "../test/support/engine-requests.ts";
import { pss } from "../test/support/processes.ts";
import { type RandomModelOptions, writeRandomModel } from "../test/support/random-model.ts";
import { generateRequest } from "../test/support/real-model.ts";
import { temporaryFolder } from "../test/support/temporary-folder.ts";

/*
 * `bun bench/memory.ts [shape…]`: what is estimated for a model against what its engine process grows by when
 * every slot is full. Each shape takes a minute or so and up to two gigabytes of memory and disk.
 */

const SHAPES: Record<string, RandomModelOptions> = {
  tiny: {},
  vocabulary: {
    quantisation: "Q8_0",
    layers: 4,
    embedding: 512,
    heads: 8,
    feedForward: 1024,
    vocabulary: 150_000,
  },
  q8: {
    quantisation: "Q8_0",
    layers: 16,
    embedding: 1536,
    heads: 12,
    kvHeads: 4,
    feedForward: 6144,
    vocabulary: 32_000,
  },
  q4: {
    quantisation: "Q4_0",
    layers: 28,
    embedding: 2048,
    heads: 16,
    kvHeads: 8,
    feedForward: 6144,
    vocabulary: 32_000,
  },
  f16: {
    quantisation: "F16",
    layers: 12,
    embedding: 1536,
    heads: 12,
    kvHeads: 4,
    feedForward: 4096,
    vocabulary: 32_000,
  },
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    context: { type: "string", default: "1024" },
    slots: { type: "string", default: "2" },
    threads: { type: "string", default: "1" },
  },
});
const contextLength = Number(options.context);
const parallel = Number(options.slots);
const engine = new LlamaEngine({
  watchdog: { heartbeatTimeoutMs: 60_000, stepFactor: 1000, stepFloorMs: 600_000, loadStallMs: 600_000 },
});

for (const name of positionals.length > 0 ? positionals : Object.keys(SHAPES)) {
  const shape = SHAPES[name];
  if (!shape) throw new Error(`there is no shape '${name}': take ${Object.keys(SHAPES).join(", ")}`);
  await using folder = await temporaryFolder();
  const path = await writeRandomModel(join(folder.path, "m.gguf"), { contextLength: 8192, ...shape });
  const spec = {
    ...loadSpec({ path, contextLength, parallel, threads: Number(options.threads), memoryBudget: 2 ** 36 }),
  };
  const estimate = await engine.estimate(
    { ...spec, reclaimable: { ram: 0, vram: 0 } },
    new AbortController().signal,
  );
  const grown = await growth(spec);
  const expected = total(estimate.asked.memory);
  const off = (100 * (expected - grown)) / grown;
  console.log(
    `${name.padEnd(12)} estimated ${formatBytes(expected).padStart(9)}  grown ${formatBytes(grown).padStart(9)}  ${off >= 0 ? "+" : ""}${off.toFixed(1)} %`,
  );
}

/** Of the Pss of an engine process, from before the load to when the last slot is full. */
async function growth(spec: ReturnType<typeof loadSpec>): Promise<number> {
  await using child = new EngineProcess();
  await child.receive("heartbeat");
  const before = await pss(child.child.pid);
  const answer = await child.load(spec);
  if (answer.type === "failed") throw new Error(answer.error.message);
  const tokens = Array.from({ length: contextLength - 24 }, (_, index) => 300 + (index % 97));
  const prompt = { kind: "tokens" as const, tokens };
  await Promise.all(
    Array.from({ length: parallel }, (_, slot) =>
      child.generate(generateRequest(`${slot}`, { prompt, maxTokens: 20, ignoreEos: true })),
    ),
  );
  return (await pss(child.child.pid)) - before;
}

function total({ weights, kvCache, compute }: MemoryUse): number {
  return weights + kvCache + compute;
}
