import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { SystemStatus } from "../../src/schemas/system.ts";
import { Cached } from "../../src/system/cached.ts";
import { diskOf } from "../../src/system/disk.ts";
import { readNvidia, toGpuStatus, withoutDisplays } from "../../src/system/gpus.ts";
import { SystemProbe } from "../../src/system/probe.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the machine is described as the schema says, and its figures agree", async () => {
  const probe = new SystemProbe(join(import.meta.dir, "no", "such", "folder"));
  // The disk may be told later than the rest on a machine that is busy.
  await eventually(async () => (await probe.status()).disk !== null, "the disk is told");
  const status = await probe.status();
  expect([...Value.Errors(SystemStatus, status)]).toEqual([]);
  const { memory, cpu, disk } = status;
  expect(memory.used + memory.available).toBe(memory.total);
  expect(memory.process).toBeGreaterThan(1e6);
  expect(cpu.usable).toBeLessThanOrEqual(cpu.cores);
  expect(disk?.total).toBeGreaterThan(0);
  const available = await probe.availableMemory();
  expect(available).toBeGreaterThan(0);
  expect(await probe.availableMemory(Number.MAX_SAFE_INTEGER)).toBe(0);
});

test("a GPU is told in bytes, and what is not known of it is null", () => {
  const nvidia = {
    vendor: "NVIDIA Corporation",
    model: "GH100",
    name: "NVIDIA H200",
    bus: "PCI",
    vram: 143_771,
    vramDynamic: false,
    driverVersion: "580.1",
    memoryTotal: 143_771,
    memoryUsed: 1000,
    utilizationGpu: 7,
  };
  expect(toGpuStatus(nvidia)).toEqual({
    name: "NVIDIA H200",
    vendor: "NVIDIA Corporation",
    driver: "580.1",
    memory_total: 143_771 * 1024 * 1024,
    memory_used: 1000 * 1024 * 1024,
    usage_percent: 7,
  });
  expect(toGpuStatus({ vendor: "", model: "Device 1111", bus: "", vram: null, vramDynamic: false })).toEqual({
    name: "Device 1111",
    vendor: null,
    driver: null,
    memory_total: null,
    memory_used: null,
    usage_percent: null,
  });
});

describe("NVIDIA's tool", () => {
  const asTold = async (script: string) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "nvidia-smi"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return await readNvidia(folder.path);
  };

  test("tells each card, where nothing else lists them", async () => {
    const told = "NVIDIA H200, 580.1, 143771, 1000, 7\nNVIDIA GB10, 580.1, [N/A], [N/A], 0";
    const rest = { vendor: "NVIDIA", driver: "580.1" };
    expect(await asTold(`echo "${told}"`)).toEqual([
      {
        ...rest,
        name: "NVIDIA H200",
        memory_total: 143_771 * 1024 ** 2,
        memory_used: 1000 * 1024 ** 2,
        usage_percent: 7,
      },
      { ...rest, name: "NVIDIA GB10", memory_total: null, memory_used: null, usage_percent: 0 },
    ]);
  });

  test("that fails, or is not there, tells none", async () => {
    expect(await asTold("echo NVIDIA-SMI has failed; exit 9")).toEqual([]);
    expect(await readNvidia("/nowhere")).toEqual([]);
  });

  test("that hangs is ended, and is no news", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "nvidia-smi"), "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
    await expect(readNvidia(folder.path, 50)).rejects.toThrow("does not answer");
  });
});

test("what only drives a display is no GPU for models beside one that is measured", () => {
  const gpu = (name: string, memory_used: number | null) => ({
    name,
    vendor: null,
    driver: null,
    memory_total: 8e9,
    memory_used,
    usage_percent: null,
  });
  const [bmc, card] = [gpu("ASPEED Graphics Family", null), gpu("NVIDIA H200", 0)];
  expect(withoutDisplays([bmc, card])).toEqual([card]);
  expect(withoutDisplays([bmc])).toEqual([bmc]);
});

test("the disk of a folder is told before the folder is made", async () => {
  await using folder = await temporaryFolder();
  const [there, later] = [await diskOf(folder.path), await diskOf(join(folder.path, "not", "yet"))];
  expect(later?.total).toBe(there!.total);
  expect(there?.used).toBeLessThanOrEqual(there!.total);
});

test("nothing that the machine is asked for makes the server stand still", async () => {
  await using folder = await temporaryFolder();
  const stub = (name: string, script: string) =>
    writeFile(join(folder.path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await stub("nvidia-smi", 'echo "NVIDIA H200, 580.1, 143771, 1000, 7"');
  await stub("lspci", 'echo "01:00.0 3D controller: NVIDIA Corporation GH100 (rev a1)"');
  const probe = join(import.meta.dir, "../../src/system/probe.ts");
  const program = `
    const child_process = require("node:child_process");
    const waited = [];
    for (const name of ["execSync", "execFileSync", "spawnSync"])
      child_process[name] = (...words) => { waited.push([name, words[0]]); return ""; };
    const { SystemProbe } = await import(${JSON.stringify(probe)});
    const probe = new SystemProbe("/");
    const { gpu } = await probe.completeStatus();
    await Bun.sleep(1000);
    await probe.status();
    console.log(JSON.stringify({ waited, gpus: gpu.map(({ name }) => name) }));
    process.exit(0);`;
  const child = Bun.spawn([process.execPath, "-e", program], {
    env: { ...process.env, PATH: `${folder.path}:${process.env["PATH"]}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  expect(await new Response(child.stdout).json()).toEqual({ waited: [], gpus: ["NVIDIA H200"] });
});

describe("a cached value", () => {
  test("is asked for once however many want it, and again when it is too old", async () => {
    let asked = 0;
    const get = async () => ++asked;
    const cached = new Cached(get, { initial: 0, maxAgeMs: Infinity, patienceMs: 1000 });
    expect(await Promise.all([cached.read(), cached.read(), cached.read()])).toEqual([1, 1, 1]);
    expect(await cached.read()).toBe(1);
    const alwaysOld = new Cached(get, { initial: 0, maxAgeMs: 0, patienceMs: 1000 });
    expect(await alwaysOld.read()).toBe(2);
    expect(await alwaysOld.read()).toBe(3);
  });

  test("does not hold anybody up longer than the patience", async () => {
    const slow = Promise.withResolvers<number>();
    const cached = new Cached(() => slow.promise, { initial: 0, maxAgeMs: Infinity, patienceMs: 1 });
    expect(await cached.read()).toBe(0);
    slow.resolve(7);
    expect(await cached.read(1000)).toBe(7);
  });

  test("stays what it was when it can not be had", async () => {
    const fail = () => Promise.reject(new Error("no tool"));
    const cached = new Cached<number>(fail, { initial: 5, maxAgeMs: 0, patienceMs: 1000 });
    expect(await cached.read()).toBe(5);
  });
});
