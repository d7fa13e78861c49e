import type { Estimate, Layout, Need } from "../engine/engine.ts";
import { formatBytes } from "../formats/quantity.ts";
import type { Alternative, EstimateAnswer, Fits } from "../schemas/estimate.ts";
import type { Recommendation } from "../schemas/recommendation.ts";
import type { ModelFile, Sibling } from "./model-files.ts";
import { type Bandwidth, estimateSpeed } from "./speed-class.ts";

/** All that is known about a model on this machine. */
export interface JudgedModel {
  /** As it was asked for. */
  name: string;
  file: Pick<ModelFile, "name" | "fileSize" | "download">;
  estimate: Estimate;
  /** What idle models would give back. */
  reclaimable: Need;
  /** Of weights that a token reads. */
  activeBytes: number;
  bandwidth: Bandwidth;
  /** `null` when unknown. */
  diskAvailable: number | null;
  /** Other quantisations of the same model. */
  siblings: readonly Sibling[];
  /** The best other model for this machine; `null` where none was looked for. */
  smaller: Recommendation | null;
}

/** The estimate in the words of the API, with a verdict and what to take instead. */
export function toAnswer(judged: JudgedModel, warnings: readonly string[]): EstimateAnswer {
  const { name, file, estimate, reclaimable, activeBytes, bandwidth, diskAvailable } = judged;
  const { available, asked } = estimate;
  const fits = verdict(estimate);
  const layout = (fits === "after_eviction" ? estimate.afterEviction : estimate.chosen) ?? asked;
  const { contextLength, slots, gpuLayers, memory } = layout;
  const onGpu = estimate.totalLayers > 0 ? gpuLayers / estimate.totalLayers : 0;
  return {
    model_name: name,
    file: file.name,
    file_size: file.fileSize,
    on_disk: file.download === null,
    architecture: estimate.architecture,
    quantisation: estimate.quantisation,
    parameters: estimate.parameters,
    trained_context_length: estimate.trainedContextLength,
    fits,
    message: message(fits, judged, layout),
    device: estimate.device,
    context_length: contextLength,
    slots,
    gpu_layers: gpuLayers,
    total_layers: estimate.totalLayers,
    memory: {
      total: totalOf(layout),
      weights: memory.weights,
      kv_cache: memory.kvCache,
      compute: memory.compute,
      gpu: memory.gpu,
    },
    available: { ...available, reclaimable: reclaimable.ram + reclaimable.vram },
    disk_available: diskAvailable,
    speed: estimateSpeed(activeBytes, onGpu, bandwidth),
    notes: [
      ...warnings,
      ...estimate.notes,
      ...("notes" in layout ? (layout.notes as string[]) : []),
      ...diskNotes(judged),
    ],
    alternatives: alternatives(judged, fits),
  };
}

function verdict({ chosen, afterEviction }: Estimate): Fits {
  if (chosen) return chosen.reduced ? "reduced" : "whole";
  return afterEviction ? "after_eviction" : "none";
}

function message(fits: Fits, { estimate, reclaimable }: JudgedModel, layout: Layout): string {
  const { weights, kvCache, compute, gpu } = layout.memory;
  const { contextLength, slots } = layout;
  const free = [`${formatBytes(estimate.available.ram)} of memory`];
  if (estimate.available.vram > 0) free.push(`${formatBytes(estimate.available.vram)} on the GPU`);
  const parts = `weights ${formatBytes(weights)}, KV cache ${formatBytes(kvCache)} for ${slots} × ${contextLength} tokens, buffers ${formatBytes(compute)}`;
  const where = gpu > 0 ? `, ${formatBytes(gpu)} of it on the GPU` : "";
  const numbers = `it takes ${formatBytes(totalOf(layout))} (${parts})${where}, and ${free.join(" and ")} are free`;
  switch (fits) {
    case "whole":
      return `The model fits: ${numbers}`;
    case "reduced":
      return `The model fits with less than was asked for: ${numbers}`;
    case "after_eviction":
      return `The model fits once models that lie idle have given ${formatBytes(reclaimable.ram + reclaimable.vram)} back: ${numbers}`;
    case "none":
      return `The model does not fit into memory: ${numbers}`;
  }
}

function diskNotes({ file, diskAvailable }: JudgedModel): string[] {
  if (file.download === null || diskAvailable === null || diskAvailable > file.fileSize) return [];
  return [
    `the download takes ${formatBytes(file.fileSize)}, and ${formatBytes(diskAvailable)} are free on the disk`,
  ];
}

/** The closest to what was asked for first. */
function alternatives(judged: JudgedModel, fits: Fits): Alternative[] {
  const { name, estimate } = judged;
  const found: Alternative[] = [];
  const { shorter } = estimate;
  if (shorter)
    found.push({
      kind: "context",
      model_name: name,
      context_length: shorter.contextLength,
      memory_bytes: totalOf(shorter),
      message: `take a context of ${shorter.contextLength} tokens in ${shorter.slots} ${shorter.slots === 1 ? "slot" : "slots"}, which takes ${formatBytes(totalOf(shorter))}`,
    });
  const smaller = fits === "whole" ? null : largestThatFits(judged);
  if (smaller) found.push(smaller);
  const { smaller: other } = judged;
  if (fits === "none" && other)
    found.push({
      kind: "model",
      model_name: other.model_name,
      context_length: null,
      memory_bytes: other.memory_bytes,
      message: `take ${other.name} (${other.model_name}), which takes some ${formatBytes(other.memory_bytes)}`,
    });
  return found;
}

/** Another quantisation takes as much less as its file is smaller. */
function largestThatFits({ estimate, file, siblings }: JudgedModel): Alternative | null {
  const { asked, available } = estimate;
  const room = available.ram + available.vram;
  const rest = totalOf(asked) - asked.memory.weights;
  const sized = siblings
    .filter(({ fileSize }) => fileSize < file.fileSize)
    .map((sibling) => ({
      ...sibling,
      bytes: Math.round(rest + (asked.memory.weights * sibling.fileSize) / Math.max(1, file.fileSize)),
    }))
    .filter(({ bytes }) => bytes <= room)
    .toSorted((a, b) => b.bytes - a.bytes);
  const [best] = sized;
  if (!best) return null;
  return {
    kind: "quantisation",
    model_name: best.name,
    context_length: null,
    memory_bytes: best.bytes,
    message: `take ${best.name} (${best.quantisation ?? "a smaller file"}), which takes ${formatBytes(best.bytes)}`,
  };
}

const totalOf = ({ memory: { weights, kvCache, compute } }: Layout) => weights + kvCache + compute;
