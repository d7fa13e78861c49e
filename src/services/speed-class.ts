import type { SpeedEstimate } from "../schemas/estimate.ts";
import { formatBytes } from "../formats/quantity.ts";

/** Where the weights are read from and how fast. */
export interface Bandwidth {
  /** Bytes a second from RAM to the processor. */
  ram: number;
  /** Bytes a second on the GPU; `null` without one. */
  vram: number | null;
}

/** What a token takes besides reading weights, in seconds: starting kernels on a GPU, waking threads on a processor. */
const GPU_OVERHEAD = 0.003;
const CPU_OVERHEAD = 0.001;

/** Of the bandwidth, what decoding gets in practice. */
const EFFICIENCY = 0.6;

/** Least tokens a second of each class; people read some 5 to 8 tokens a second. */
const CLASSES = [
  { least: 30, name: "fast" },
  { least: 10, name: "comfortable" },
  { least: 4, name: "readable" },
  { least: 0, name: "slow" },
] as const;

/**
 * How fast one answer can be decoded. Each token reads all weights that it goes through once, so memory
 * bandwidth decides; the real speed may be half or twice that.
 * @param bytes of weights that a token reads
 * @param onGpu share of the weights that lies on the GPU, 0 to 1
 */
export function estimateSpeed(bytes: number, onGpu: number, bandwidth: Bandwidth): SpeedEstimate {
  const gpuShare = bandwidth.vram === null ? 0 : onGpu;
  const reading =
    ((1 - gpuShare) * bytes) / bandwidth.ram + (gpuShare * bytes) / (bandwidth.vram ?? Infinity);
  const overhead = (1 - gpuShare) * CPU_OVERHEAD + gpuShare * GPU_OVERHEAD;
  const rate = 1 / (reading / EFFICIENCY + overhead);
  const { name } = CLASSES.find(({ least }) => rate >= least) ?? { name: "slow" as const };
  const sources = [
    ...(gpuShare < 1 ? [`${perSecond(bandwidth.ram)} from memory`] : []),
    ...(gpuShare > 0 ? [`${perSecond(bandwidth.vram ?? 0)} on the GPU`] : []),
  ];
  return {
    class: name,
    tokens_per_second: rate >= 10 ? Math.round(rate) : Math.round(rate * 10) / 10,
    basis: `each token reads ${formatBytes(bytes)} of weights at about ${sources.join(" and ")}; half or twice as fast is possible`,
  };
}

const perSecond = (bytes: number) => `${formatBytes(bytes)}/s`;
