import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { LoadSpec } from "../src/engine/engine.ts";
import { usableCpus } from "../src/system/cpus.ts";
import { BerthProcess } from "../test/support/berth-process.ts";
import { writeRandomModel } from "../test/support/random-model.ts";
import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { startBareLoop } from "./bare-loop.ts";
import { startLlamaServer } from "./llama-server.ts";
import type { Contender, Round, RoundResult } from "./protocol.ts";
import { serverAt } from "./server.ts";
import { median } from "./statistics.ts";

/*
 * `bun run bench`: the whole server against the bare step loop on the same model, in turn, as ratios; with
 * `--llama-server PROGRAM` against llama.cpp's own server as well. A shared machine drifts, so each round compares
 * its own runs and the median of the ratios counts.
 */

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    tokens: { type: "string", default: "128" },
    "prompt-words": { type: "string", default: "32" },
    /** A GGUF file to use in place of the random model. */
    model: { type: "string" },
    /** llama.cpp's own server, to be measured too. */
    "llama-server": { type: "string" },
  },
});
const SLOTS = 4;
/** Tokens, of each slot. */
const CONTEXT_LENGTH = 4096;
const rounds = Number(options.rounds);
const tokens = Number(options.tokens);
const promptWords = Number(options["prompt-words"]);

await using folder = await temporaryFolder();
const path = options.model ?? (await writeRandomModel(join(folder.path, "bench.gguf"), randomShape()));
const threads = usableCpus();

await using berth = await BerthProcess.start({
  flags: ["--model", "none", "--models-dir", join(path, "..")],
  env: { LOG_LEVEL: "warn" },
});
const server = serverAt("berth", berth.url, await deploy(berth.url), async () => {});
const contenders: Contender[] = [await startBareLoop(spec()), server];
try {
  const peer = options["llama-server"];
  if (peer !== undefined)
    contenders.push(
      await startLlamaServer(peer, { path, slots: SLOTS, contextLength: CONTEXT_LENGTH, threads }),
    );
  console.log(`${cpus()[0]?.model ?? "unknown CPU"}, ${threads} CPUs; ${options.model ?? describeShape()}`);
  console.log(`${rounds} rounds of ${tokens} tokens after prompts of ${promptWords} words, medians\n`);
  for (const streams of [1, SLOTS]) await compare(streams);
} finally {
  for (const contender of contenders) await contender.close();
}

async function compare(streams: number): Promise<void> {
  // Threads are measured in the quiet after the first answers, by each side while the other one rests: a side
  // that measures while the other one generates chooses wrongly. What comes before is not counted.
  for (let round = 0; round < 2; round++) {
    for (const side of contenders) {
      await side.run(roundOf(streams, round));
      await Bun.sleep(2500);
    }
  }
  const results = new Map(contenders.map((side): [Contender, RoundResult[]] => [side, []]));
  for (let round = 2; round < rounds + 2; round++) {
    // Who goes first changes, so that none always finds the warmer machine.
    const first = round % contenders.length;
    for (const side of [...contenders.slice(first), ...contenders.slice(0, first)])
      results.get(side)?.push(await side.run(roundOf(streams, round)));
  }
  console.log(`${streams} stream${streams > 1 ? "s" : ""}`);
  report("tokens/s", results, ({ totalMs }) => (streams * tokens * 1000) / totalMs);
  report("time to first token, ms", results, ({ firstTokenMs }) => firstTokenMs);
}

/** One line: each side's median and, but for the first, the median of its rounds' ratios to each side before it. */
function report(
  what: string,
  results: ReadonlyMap<Contender, readonly RoundResult[]>,
  figure: (result: RoundResult) => number,
): void {
  const sides = Array.from(results, ([{ name }, all]) => ({ name, figures: all.map(figure) }));
  const medians = sides.map(({ name, figures }) => `${name} ${median(figures).toFixed(1)}`);
  const ratios = sides.flatMap((side, at) =>
    sides
      .slice(0, at)
      .map((base) => `${side.name}/${base.name} ${ratio(side.figures, base.figures).toFixed(3)}`),
  );
  console.log(`  ${[`${what}:`, ...medians, ...ratios].join("  ")}`);
}

function ratio(figures: readonly number[], base: readonly number[]): number {
  return median(figures.map((value, round) => value / (base[round] ?? Number.NaN)));
}

function roundOf(streams: number, round: number): Round {
  return { streams, tokens, promptWords, round: round * 10 + streams };
}

/** About the size of the smallest models people use, so that a decode takes as long as theirs. */
function randomShape() {
  return {
    layers: 12,
    embedding: 768,
    heads: 12,
    kvHeads: 4,
    feedForward: 2048,
    vocabulary: 8192,
    contextLength: 4096,
    quantisation: "Q8_0" as const,
    tiedOutput: false,
  };
}

function describeShape(): string {
  const { layers, embedding, vocabulary, quantisation } = randomShape();
  return `random model of ${layers} layers of ${embedding}, ${vocabulary} tokens, ${quantisation}`;
}

function spec(): LoadSpec {
  return {
    name: "bench",
    path,
    device: "cpu",
    contextLength: CONTEXT_LENGTH,
    parallel: SLOTS,
    gpuLayers: 0,
    memoryBudget: 8 * 2 ** 30,
    threads,
    queueLimit: 64,
    pauseMs: 500,
    kvCacheType: "f16",
    flashAttention: "auto",
    loras: [],
    draft: null,
    tuning: null,
  };
}

async function deploy(url: string): Promise<string> {
  const model = path.slice(path.lastIndexOf("/") + 1).replace(/\.gguf$/, "");
  const response = await fetch(`${url}/deploy`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model_name: model,
      device: "cpu",
      context_length: CONTEXT_LENGTH,
      parallel: SLOTS,
      wait: true,
    }),
  });
  if (!response.ok) throw new Error(await response.text());
  return model;
}
