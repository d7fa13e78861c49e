import { formatBytes } from "../formats/quantity.ts";
import type { EstimateAnswer } from "../schemas/estimate.ts";
import { facts } from "./terminal/table.ts";

/** An estimate for a person: the verdict, the numbers, and what to take instead. */
export function estimateText(estimate: EstimateAnswer): string {
  const { memory, available, speed, device, gpu_layers, total_layers, context_length, slots } = estimate;
  const size = `${formatBytes(estimate.file_size)}${estimate.on_disk ? ", on this machine" : " to download"}`;
  const free = [
    `${formatBytes(available.ram)} of memory`,
    ...(available.vram > 0 ? [`${formatBytes(available.vram)} on the GPU`] : []),
    ...(available.reclaimable > 0 ? [`${formatBytes(available.reclaimable)} more in idle models`] : []),
  ];
  const notes = [...estimate.notes, ...estimate.alternatives.map(({ message }) => `instead: ${message}`)];
  return [
    `${estimate.message}.`,
    "",
    facts([
      ["Model", `${estimate.file} (${size})`],
      [
        "Memory",
        `${formatBytes(memory.total)}: weights ${formatBytes(memory.weights)}, KV cache ${formatBytes(memory.kv_cache)}, buffers ${formatBytes(memory.compute)}`,
      ],
      ["Free", free.join(", ")],
      ["Context", `${slots} × ${context_length} tokens, trained for ${estimate.trained_context_length}`],
      ["Device", gpu_layers > 0 ? `${device}, ${gpu_layers} of ${total_layers} layers on the GPU` : device],
      ["Speed", `${speed.class}, about ${speed.tokens_per_second} tokens a second: ${speed.basis}`],
    ]),
    ...(notes.length > 0 ? ["", ...notes.map((note) => `  ${note}`)] : []),
  ].join("\n");
}
