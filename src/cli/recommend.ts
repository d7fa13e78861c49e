import { type Command, Option } from "commander";
import { formatBytes } from "../formats/quantity.ts";
import type { Purpose, RecommendationsAnswer } from "../schemas/recommendation.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { wholeNumber } from "./numbers.ts";
import { table } from "./terminal/table.ts";

interface RecommendOptions {
  purpose: Purpose;
  limit?: number;
}

/** For people; a program that sets no limit gets all. */
const USUAL_LIMIT = 10;

/** `berth recommend` */
export function addRecommendCommand(program: Command): void {
  const command = addClientCommand(program, "recommend", {
    description: "tell which open models suit this machine, the best first",
    examples: [
      "berth recommend",
      "berth recommend --purpose code --limit 3",
      "berth deploy $(berth recommend --json | jq -r '.recommendations[0].model_name')",
    ],
  })
    .addOption(
      new Option("--purpose <purpose>", "what for")
        .choices(["chat", "code", "tools", "embeddings", "rerank"])
        .default("chat"),
    )
    .option("--limit <n>", `how many at most (default: ${USUAL_LIMIT}, with --json all)`, wholeNumber(1));
  runsInSession<RecommendOptions, []>(command, async ({ client, print }, { purpose, limit }) => {
    const answer = await client.recommendations(purpose);
    const limited = { ...answer, recommendations: answer.recommendations.slice(0, limit) };
    print(limited, () => recommendationsText(answer, limit ?? USUAL_LIMIT));
  });
}

const PLACES = { gpu: "GPU", split: "GPU + memory", memory: "memory", none: "no" } as const;

function recommendationsText(answer: RecommendationsAnswer, limit: number): string {
  const { machine, notes, recommendations } = answer;
  const gpu = machine.vram > 0 ? ` and ${formatBytes(machine.vram)} on GPUs` : "";
  const fitting = recommendations.filter(({ fits }) => fits !== "none").slice(0, limit);
  if (fitting.length === 0)
    return `No model of the catalogue fits into the ${formatBytes(machine.ram)} of memory${gpu} that are free.`;
  const rows = fitting.map((one) => [
    one.name,
    one.model_name,
    formatBytes(one.file_size),
    formatBytes(one.memory_bytes),
    PLACES[one.fits],
    `${one.speed.class}, ~${one.speed.tokens_per_second}/s`,
    one.licence,
  ]);
  return [
    `For the ${formatBytes(machine.ram)} of memory${gpu} that are free here:`,
    "",
    table(["MODEL", "NAME TO DEPLOY", "DOWNLOAD", "MEMORY", "RUNS IN", "SPEED", "LICENCE"], rows),
    "",
    ...fitting.slice(0, 3).map(({ name, strengths }) => `${name}: ${strengths}.`),
    "",
    ...(notes.length > 0
      ? notes.map((note) => `Note: ${note}.`)
      : [`berth deploy ${fitting[0]?.model_name} downloads and deploys the first.`]),
  ].join("\n");
}
