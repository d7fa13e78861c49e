import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** What a container, a service manager or a batch system lets this process have; `null` is no limit. */
export interface CgroupLimits {
  memory: MemoryLimit | null;
  /** CPUs by quota, e.g. 1.5. */
  cpus: number | null;
}

/** Of the group with the least room left. */
export interface MemoryLimit {
  /** Bytes. */
  limit: number;
  /** Bytes in use, without file cache that the kernel gives up when asked. */
  used: number;
}

/** Version 1 writes "no limit" as the largest number of pages; no machine has this many bytes. */
const UNLIMITED = 2 ** 60;

/**
 * Reads the limits of this process's own control groups and of all groups above, versions 1 and 2.
 * @param root where `/proc` and `/sys` are; tests have their own
 */
export function readCgroupLimits(root = "/"): CgroupLimits {
  const memory = groupFolders(root, "memory").flatMap(({ folder, version }) =>
    version === 2 ? memoryLimitV2(folder) : memoryLimitV1(folder),
  );
  const cpus = groupFolders(root, "cpu").flatMap(({ folder, version }) =>
    version === 2 ? cpuQuotaV2(folder) : cpuQuotaV1(folder),
  );
  const room = ({ limit, used }: MemoryLimit) => limit - used;
  return {
    memory: memory.reduce<MemoryLimit | null>(
      (tightest, group) => (tightest && room(tightest) <= room(group) ? tightest : group),
      null,
    ),
    cpus: cpus.length > 0 ? Math.min(...cpus) : null,
  };
}

interface GroupFolder {
  folder: string;
  version: 1 | 2;
}

/** The folders that tell of a controller: the process's own group first, then each above it. */
function groupFolders(root: string, controller: "memory" | "cpu"): GroupFolder[] {
  const mounts = parseMounts(readText(join(root, "proc/self/mountinfo")));
  return parseMemberships(readText(join(root, "proc/self/cgroup"))).flatMap(
    ({ version, controllers, path }) => {
      if (version === 1 && !controllers.includes(controller)) return [];
      const mount = mounts.find(
        (candidate) =>
          candidate.version === version && (version === 2 || candidate.controllers.includes(controller)),
      );
      if (!mount) return [];
      // In a container the group's path may be seen from outside, while only its own part is mounted.
      const below = relative(mount.root, path);
      const names = below === "" || below.startsWith("..") ? [] : below.split("/");
      return Array.from({ length: names.length + 1 }, (_, up) => ({
        folder: join(root, mount.folder, ...names.slice(0, names.length - up)),
        version,
      }));
    },
  );
}

interface Membership {
  version: 1 | 2;
  controllers: string[];
  path: string;
}

/** Lines such as `4:memory:/docker/1f2e` (version 1) and `0::/user.slice` (version 2); see cgroups(7). */
function parseMemberships(text: string): Membership[] {
  return text.split("\n").flatMap((line) => {
    const [, id, controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) return [];
    const version = id === "0" && controllers === "" ? 2 : 1;
    return [{ version, controllers: controllers.split(","), path }];
  });
}

interface Mount {
  version: 1 | 2;
  controllers: string[];
  /** The group that is mounted. */
  root: string;
  folder: string;
}

/** Lines such as `35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`; see proc_pid_mountinfo(5). */
function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [mounted = "", kind = ""] = line.split(" - ");
    const [, , , root, folder] = mounted.split(" ");
    const [type, , options = ""] = kind.split(" ");
    if (root === undefined || folder === undefined || (type !== "cgroup" && type !== "cgroup2")) return [];
    return [{ version: type === "cgroup2" ? 2 : 1, controllers: options.split(","), root, folder }];
  });
}

function memoryLimitV2(folder: string): MemoryLimit[] {
  // Above `memory.high` a group is slowed down until it is of no use, so that is a limit, too.
  const limits = [readNumber(folder, "memory.max"), readNumber(folder, "memory.high")];
  return toMemoryLimit(limits, readNumber(folder, "memory.current"), fileCache(folder, ""));
}

function memoryLimitV1(folder: string): MemoryLimit[] {
  const limits = [readNumber(folder, "memory.limit_in_bytes")];
  const cache = fileCache(folder, "total_");
  return toMemoryLimit(limits, readNumber(folder, "memory.usage_in_bytes"), cache);
}

function toMemoryLimit(limits: (number | null)[], usage: number | null, cache: number): MemoryLimit[] {
  const known = limits.filter((limit) => limit !== null && limit < UNLIMITED) as number[];
  if (known.length === 0) return [];
  return [{ limit: Math.min(...known), used: Math.max(0, (usage ?? 0) - cache) }];
}

function cpuQuotaV2(folder: string): number[] {
  const [quota, period] = readText(join(folder, "cpu.max")).trim().split(" ").map(Number);
  return toCpus(quota, period);
}

function cpuQuotaV1(folder: string): number[] {
  return toCpus(
    readNumber(folder, "cpu.cfs_quota_us") ?? undefined,
    readNumber(folder, "cpu.cfs_period_us") ?? undefined,
  );
}

/** `max` (version 2) is no number and -1 (version 1) is not above zero: both mean no quota. */
function toCpus(quota = Number.NaN, period = Number.NaN): number[] {
  return quota > 0 && period > 0 ? [quota / period] : [];
}

function readNumber(folder: string, name: string): number | null {
  const text = readText(join(folder, name)).trim();
  return /^-?\d+$/.test(text) ? Number(text) : null;
}

/** File pages, which the kernel gives up before it kills anything; counted as it counts a host's available memory. */
function fileCache(folder: string, prefix: string): number {
  return readStat(folder, `${prefix}inactive_file`) + readStat(folder, `${prefix}active_file`);
}

/** One figure of `memory.stat`, zero where it is missing. */
function readStat(folder: string, name: string): number {
  const line = readText(join(folder, "memory.stat"))
    .split("\n")
    .find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** Empty where there is no such file: no limit is the rule on a machine of one's own. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
