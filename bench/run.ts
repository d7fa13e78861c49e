import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { LoadSpec } from "../src/engine/engine.ts";
import { usableCpus } from "../src/system/cpus.ts";
import { BerthProcess } from "../test/support/berth-process.ts";
import { writeRandomModel } from "../test/support/random-model.ts";
import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { startBareLoop } from "./bare-loop.ts";
import type { Contender, Round, RoundResult } from "./protocol.ts";
import { serverAt } from "./server.ts";
import { median } from "./statistics.ts";

/*
 * `bun run bench`: the whole server against the bare step loop on the same model, in turn, as ratios.
 * A shared machine drifts, so each round compares its own pair and the median of the ratios counts.
 */

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    tokens: { type: "string", default: "128" },
    "prompt-words": { type: "string", default: "32" },
    /** A GGUF file to use in place of the random model. */
    model: { type: "string" },
  },
});
const SLOTS = 4;
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
const server = serverAt(berth.url, await deploy(berth.url), async () => {});
const bare = await startBareLoop(spec());
try {
  console.log(`${cpus()[0]?.model ?? "unknown CPU"}, ${threads} CPUs; ${options.model ?? describeShape()}`);
  console.log(`${rounds} rounds of ${tokens} tokens after prompts of ${promptWords} words, medians\n`);
  for (const streams of [1, SLOTS]) await compare(streams);
} finally {
  await bare.close();
}

async function compare(streams: number): Promise<void> {
  // Threads are measured in the quiet after the first answers, by each side while the other one rests: a side
  // that measures while the other one generates chooses wrongly. What comes before is not counted.
  for (let round = 0; round < 2; round++) {
    for (const side of [bare, server]) {
      await side.run(roundOf(streams, round));
      await Bun.sleep(2500);
    }
  }
  const results = new Map<Contender, RoundResult[]>([
    [bare, []],
    [server, []],
  ]);
  for (let round = 2; round < rounds + 2; round++) {
    // Who goes first changes, so that neither always finds the warmer machine.
    for (const side of round % 2 === 0 ? [bare, server] : [server, bare])
      results.get(side)?.push(await side.run(roundOf(streams, round)));
  }
  const of = (side: Contender, figure: (result: RoundResult) => number) =>
    (results.get(side) ?? []).map(figure);
  const speed = ({ totalMs }: RoundResult) => (streams * tokens * 1000) / totalMs;
  const ratio = (figure: (result: RoundResult) => number) => {
    const base = of(bare, figure);
    return median(of(server, figure).map((value, index) => value / (base[index] ?? Number.NaN)));
  };
  const first = ({ firstTokenMs }: RoundResult) => firstTokenMs;
  console.log(`${streams} stream${streams > 1 ? "s" : ""}`);
  console.log(
    `  tokens/s             bare ${median(of(bare, speed)).toFixed(1)}  server ${median(of(server, speed)).toFixed(1)}  ratio ${ratio(speed).toFixed(3)}`,
  );
  console.log(
    `  time to first token  bare ${median(of(bare, first)).toFixed(1)} ms  server ${median(of(server, first)).toFixed(1)} ms  ratio ${ratio(first).toFixed(3)}`,
  );
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
    contextLength: 4096,
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
      context_length: 4096,
      parallel: SLOTS,
      wait: true,
    }),
  });
  if (!response.ok) throw new Error(await response.text());
  return model;
}
