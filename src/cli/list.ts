import type { Command } from "commander";
import { formatBytes } from "../formats/quantity.ts";
import type { DiskModel } from "../schemas/disk-model.ts";
import type { DownloadStatus } from "../schemas/download.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { downloadTable } from "./terminal/download-table.ts";
import { table } from "./terminal/table.ts";

/** `berth list`, `berth ls`: the models on the server's disk, and those on their way there. */
export function addListCommand(program: Command): void {
  const command = addClientCommand(program, "list", {
    description: "list the models on this machine and the downloads under way",
    examples: ["berth list", "berth ls --json | jq -r '.models[].id'"],
  }).alias("ls");
  runsInSession(command, async ({ client, print }) => {
    const [{ models }, { downloads }] = await Promise.all([client.diskModels(), client.downloads()]);
    const open = downloads.filter(({ state }) => state !== "completed" && state !== "cancelled");
    print({ models, downloads: open }, () => listText(models, open));
  });
}

function listText(models: readonly DiskModel[], downloads: readonly DownloadStatus[]): string {
  const present = table(HEAD, models.map(modelRow));
  const troubles = models.flatMap(({ id, error }) => (error === null ? [] : [`${id}: ${error}`]));
  const underWay = downloads.length === 0 ? [] : ["", downloadTable(downloads)];
  const failures = downloads.flatMap(({ error }) => (error === null ? [] : [error]));
  return [present, ...troubles, ...underWay, ...failures].join("\n");
}

const HEAD = ["MODEL", "SIZE", "PARAMETERS", "QUANTISATION", "CONTEXT", "CAPABILITIES", "STATE"];

function modelRow(model: DiskModel): string[] {
  const { id, kind, size, parameters, quantisation, context_length, capabilities, state } = model;
  return [
    id,
    formatBytes(size),
    parameters === null ? "–" : formatCount(parameters),
    quantisation ?? "–",
    context_length === null ? "–" : String(context_length),
    kind === "adapter" ? kind : capabilities.join(", ") || "–",
    state ?? "on disk",
  ];
}

/** `600 M`, `7.2 B`, as the names of models have it. */
function formatCount(parameters: number): string {
  if (parameters >= 1e9) return `${(parameters / 1e9).toFixed(parameters < 9.95e9 ? 1 : 0)} B`;
  return parameters >= 1e6 ? `${Math.round(parameters / 1e6)} M` : `${Math.round(parameters / 1e3)} k`;
}
