import { availableParallelism } from "node:os";
import { readCgroupLimits } from "./cgroup.ts";

/**
 * CPUs this process can keep busy: those its affinity allows, and no more whole ones than its cgroup quota
 * pays for; at least 1. More threads than this make llama.cpp slower by orders of magnitude.
 */
export function usableCpus({
  affinity = availableParallelism(),
  quota = readCgroupLimits().cpus,
}: { affinity?: number; quota?: number | null } = {}): number {
  return Math.max(1, Math.floor(Math.min(affinity, quota ?? affinity)));
}
