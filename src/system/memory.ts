import { type CgroupLimits, readCgroupLimits } from "./cgroup.ts";

/** Bytes. */
export interface Memory {
  /** RAM, or the cgroup limit below it. */
  total: number;
  used: number;
  /** What can be taken now without swapping or being killed. */
  available: number;
}

/** The machine's memory as this process may use it: the tighter of what the host has and what its group may have. */
export function withinLimits(
  host: { total: number; available: number },
  { memory }: Pick<CgroupLimits, "memory"> = readCgroupLimits(),
): Memory {
  const total = Math.min(host.total, memory?.limit ?? Infinity);
  const headroom = memory ? Math.max(0, memory.limit - memory.used) : Infinity;
  const available = Math.min(host.available, headroom, total);
  return { total, used: total - available, available };
}
