import { expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readCgroupLimits } from "../../src/system/cgroup.ts";
import { usableCpus } from "../../src/system/cpus.ts";
import { withinLimits } from "../../src/system/memory.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_MOUNTS = [
  "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
  "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct",
  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
  "",
].join("\n");

/** The limits read from a machine that has these files. */
async function limitsOf(files: Record<string, string>) {
  await using folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true });
    await writeFile(join(folder.path, name), text);
  }
  return readCgroupLimits(folder.path);
}

test("a machine without control groups has no limits", async () => {
  expect(await limitsOf({})).toEqual({ memory: null, cpus: null });
});

test("version 2: the own group's limits, file cache not counted as used", async () => {
  const group = "sys/fs/cgroup/app.slice/berth.service";
  expect(
    await limitsOf({
      "proc/self/mountinfo": V2_MOUNT,
      "proc/self/cgroup": "0::/app.slice/berth.service\n",
      [`${group}/memory.max`]: "4000000000\n",
      [`${group}/memory.high`]: "max\n",
      [`${group}/memory.current`]: "1500000000\n",
      [`${group}/memory.stat`]: "anon 900000000\ninactive_file 200000000\nactive_file 300000000\n",
      [`${group}/cpu.max`]: "150000 100000\n",
    }),
  ).toEqual({ memory: { limit: 4_000_000_000, used: 1_000_000_000 }, cpus: 1.5 });
});

test("version 2: a group above that has less room counts", async () => {
  const slice = "sys/fs/cgroup/tenant.slice";
  const { memory, cpus } = await limitsOf({
    "proc/self/mountinfo": V2_MOUNT,
    "proc/self/cgroup": "0::/tenant.slice/berth.service\n",
    [`${slice}/memory.max`]: "5000000000\n",
    [`${slice}/memory.current`]: "4500000000\n",
    [`${slice}/cpu.max`]: "200000 100000\n",
    [`${slice}/berth.service/memory.max`]: "2000000000\n",
    [`${slice}/berth.service/memory.current`]: "100000000\n",
    [`${slice}/berth.service/cpu.max`]: "max 100000\n",
  });
  expect(memory).toEqual({ limit: 5_000_000_000, used: 4_500_000_000 });
  expect(cpus).toBe(2);
});

test("version 2: the mark above which a group is slowed down is a limit, too", async () => {
  const { memory } = await limitsOf({
    "proc/self/mountinfo": V2_MOUNT,
    "proc/self/cgroup": "0::/\n",
    "sys/fs/cgroup/memory.max": "8000000000\n",
    "sys/fs/cgroup/memory.high": "3000000000\n",
    "sys/fs/cgroup/memory.current": "1000000000\n",
  });
  expect(memory?.limit).toBe(3_000_000_000);
});

test("version 1: each controller has a hierarchy of its own", async () => {
  expect(
    await limitsOf({
      "proc/self/mountinfo": V1_MOUNTS,
      "proc/self/cgroup": "4:memory:/batch/job\n2:cpu,cpuacct:/jobs\n1:name=systemd:/\n0::/\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/batch/memory.limit_in_bytes": "3000000000\n",
      "sys/fs/cgroup/memory/batch/memory.usage_in_bytes": "700000000\n",
      "sys/fs/cgroup/memory/batch/memory.stat":
        "inactive_file 1\ntotal_inactive_file 100000000\ntotal_active_file 0\n",
      "sys/fs/cgroup/memory/batch/job/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us": "300000\n",
      "sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    }),
  ).toEqual({ memory: { limit: 3_000_000_000, used: 600_000_000 }, cpus: 3 });
});

test("a container sees its own group, whatever path the host has for it", async () => {
  const files = {
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000000000\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000000\n",
  };
  const expected = { limit: 1_000_000_000, used: 1_000_000 };
  const bound = await limitsOf({
    ...files,
    "proc/self/mountinfo": "35 31 0:32 /docker/1f2e /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
    "proc/self/cgroup": "4:memory:/docker/1f2e\n",
  });
  expect(bound.memory).toEqual(expected);
  const namespaced = await limitsOf({
    ...files,
    "proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
    "proc/self/cgroup": "4:memory:/../../docker/1f2e\n",
  });
  expect(namespaced.memory).toEqual(expected);
});

test("memory is the tighter of what the host has and what the group may have", () => {
  const host = { total: 16e9, available: 10e9 };
  expect(withinLimits(host, { memory: null })).toEqual({ total: 16e9, used: 6e9, available: 10e9 });
  expect(withinLimits(host, { memory: { limit: 4e9, used: 1e9 } })).toEqual({
    total: 4e9,
    used: 1e9,
    available: 3e9,
  });
  // A limit above what the machine has is none.
  expect(withinLimits(host, { memory: { limit: 64e9, used: 1e9 } }).available).toBe(10e9);
  expect(withinLimits(host, { memory: { limit: 4e9, used: 5e9 } }).available).toBe(0);
});

test("threads are whole CPUs within affinity and quota, and never fewer than one", () => {
  expect(usableCpus({ affinity: 8, quota: null })).toBe(8);
  expect(usableCpus({ affinity: 8, quota: 2.9 })).toBe(2);
  expect(usableCpus({ affinity: 2, quota: 6 })).toBe(2);
  expect(usableCpus({ affinity: 4, quota: 0.5 })).toBe(1);
});

const withTaskset = test.skipIf(Bun.which("taskset") === null);

withTaskset("affinity is that of this process, not the machine's (needs taskset)", async () => {
  const script = `import { usableCpus } from ${JSON.stringify(join(import.meta.dir, "../../src/system/cpus.ts"))}; console.log(usableCpus())`;
  // Where a test may run is not up to it: CPU 0 may be another's.
  const status = await readFile("/proc/self/status", "utf8");
  const [, first = ""] = /^Cpus_allowed_list:\s+(\d+)/m.exec(status) ?? [];
  const child = Bun.spawn(["taskset", "-c", first, process.execPath, "-e", script], { stdout: "pipe" });
  expect((await new Response(child.stdout).text()).trim()).toBe("1");
});
