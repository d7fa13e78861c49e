import type { Command } from "commander";
import { formatAgo, formatBytes } from "../formats/quantity.ts";
import type { DeploymentStatus } from "../schemas/deployment.ts";
import type { StatusAnswer } from "../schemas/status.ts";
import type { SystemStatus } from "../schemas/system.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { downloadTable } from "./terminal/download-table.ts";
import { facts, table } from "./terminal/table.ts";

/** `berth status`, `berth ps` */
export function addStatusCommand(program: Command): void {
  const command = addClientCommand(program, "status", {
    description: "show what is deployed and how busy the machine is",
    examples: ["berth status", "berth ps --json | jq '.models[].state'"],
  }).alias("ps");
  runsInSession(command, async ({ client, print }) => {
    const status = await client.status();
    print(status, () => statusText(status, Date.now() / 1000));
  });
}

/** @param now Unix time in seconds */
function statusText({ models, downloads, system }: StatusAnswer, now: number): string {
  const deployments =
    models.length === 0
      ? "Nothing is deployed: 'berth deploy guide' deploys the built-in model."
      : table(
          HEAD,
          models.map((model) => row(model, now)),
        );
  const troubles = models.flatMap(({ model_name, error }) =>
    error === null ? [] : [`${model_name}: ${error}`],
  );
  const underWay = downloads.length === 0 ? [] : ["", downloadTable(downloads)];
  return [deployments, ...troubles, ...underWay, "", facts(machine(system))].join("\n");
}

const HEAD = ["MODEL", "STATE", "DEVICE", "MEMORY", "CONTEXT", "SLOTS", "QUEUE", "LAST USED"];

function row(model: DeploymentStatus, now: number): string[] {
  const { state, progress, device, memory_bytes, context_length, slots, busy_slots, queued, last_used } =
    model;
  const known = (value: number | null, text = String(value)) => (value === null ? "–" : text);
  return [
    model.model_name,
    state === "loading" || state === "downloading" ? `${state} ${Math.round(progress * 100)} %` : state,
    device,
    memory_bytes === null ? "–" : formatBytes(memory_bytes),
    known(context_length),
    known(slots, `${busy_slots}/${slots}`),
    String(queued),
    last_used === null ? "never" : formatAgo(last_used, now),
  ];
}

function machine({ memory, cpu, disk, gpu }: SystemStatus): [string, string][] {
  return [
    ["Memory", `${formatBytes(memory.available)} free of ${formatBytes(memory.total)}`],
    ["CPU", `${Math.round(cpu.usage_percent)} % of ${cpu.cores} CPUs, ${cpu.usable} usable`],
    ...(disk
      ? [["Disk", `${formatBytes(disk.available)} free of ${formatBytes(disk.total)}`] as [string, string]]
      : []),
    ...gpu.map(({ name, memory_total: total, memory_used: used }): [string, string] => [
      "GPU",
      total === null || used === null
        ? name
        : `${name}: ${formatBytes(total - used)} free of ${formatBytes(total)}`,
    ]),
  ];
}
