import type { Command } from "commander";
import { formatBytes } from "../formats/quantity.ts";
import type { DeploymentStatus } from "../schemas/deployment.ts";
import type { DiskModel } from "../schemas/disk-model.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { facts } from "./terminal/table.ts";

/** `berth show <model>`: one model on the server's disk, and how it is deployed. */
export function addShowCommand(program: Command): void {
  const command = addClientCommand(program, "show <model>", {
    description: "show a model on this machine, and how it is deployed",
    examples: ["berth show guide", "berth show user/repo/file.gguf --json | jq .capabilities"],
  });
  runsInSession<object, [string]>(command, async ({ client, print }, _options, name) => {
    const [{ models }, { models: onDisk }] = await Promise.all([client.status(), client.diskModels()]);
    const asked = models.find(({ model_name, aliases }) => model_name === name || aliases.includes(name));
    const deployed = asked && onDisk.find(({ deployed_as }) => deployed_as === asked.model_name);
    const model = deployed ?? (await client.diskModel(name));
    const deployment = asked ?? models.find(({ model_name }) => model_name === model.deployed_as) ?? null;
    print({ model, deployment }, () => showText(model, deployment));
  });
}

function showText(model: DiskModel, deployment: DeploymentStatus | null): string {
  const { id, kind, path, files, size, architecture, quantisation, parameters, context_length } = model;
  const rows: [string, string | null][] = [
    ["Model", id],
    ["File", files > 1 ? `${path} and ${files - 1} more` : path],
    ["Size", formatBytes(size)],
    ["Architecture", architecture],
    ["Quantisation", quantisation],
    ["Parameters", parameters === null ? null : parameters.toLocaleString("en")],
    ["Trained for", context_length === null ? null : `${context_length} tokens`],
    ["Good for", kind === "adapter" ? "lora of a deployment" : model.capabilities.join(", ") || null],
    ["Problem", model.error],
    ...(deployment ? deploymentRows(deployment) : [["Deployed", "no"] as [string, string]]),
  ];
  return facts(rows.flatMap(([label, text]) => (text === null ? [] : [[label, text] as const])));
}

function deploymentRows(deployment: DeploymentStatus): [string, string | null][] {
  const { model_name, state, device, slots, context_length, memory, gpu_layers, total_layers } = deployment;
  return [
    ["Deployed", `as ${model_name} on ${device}, ${state}`],
    ["Slots", slots === null ? null : `${slots} of ${context_length} tokens`],
    ["Layers", gpu_layers === null ? null : `${gpu_layers} of ${total_layers} on the GPU`],
    [
      "Memory",
      memory &&
        `weights ${formatBytes(memory.weights)}, KV cache ${formatBytes(memory.kv_cache)}, buffers ${formatBytes(memory.compute)}`,
    ],
    ["Error", deployment.error],
  ];
}
