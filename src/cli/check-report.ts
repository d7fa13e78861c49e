import { type DeviceProbe, missing, type RealDevice } from "../engine/worker/device.ts";
import { probeDevices } from "../engine/worker/device-probe.ts";
import { formatBytes } from "../formats/quantity.ts";
import type { GpuStatus, SystemStatus } from "../schemas/system.ts";
import { enginePackages, UnsupportedMachine } from "../setup/engine-packages.ts";
import { inspectMachine, type Machine } from "../setup/machine.ts";
import type { SystemProbe } from "../system/probe.ts";
import { VERSION } from "../version.ts";

/** What `berth check` finds. */
export interface CheckReport {
  version: string;
  bun: string;
  machine: Machine;
  system: SystemStatus;
  /** By device: usable, or what is missing. */
  engines: Record<EngineName, EngineState>;
  /** Why nothing can run here; empty when the CPU engine can. */
  problems: string[];
}

interface EngineState {
  installed: boolean;
  usable: boolean;
  /** Clauses such as "an NVIDIA driver was not found"; empty when usable. */
  missing: string[];
}

const ENGINES = ["cpu", "cuda", "vulkan"] as const satisfies readonly RealDevice[];
type EngineName = (typeof ENGINES)[number];

/** Looks at everything, waiting for slow tools. */
export async function inspect(system: SystemProbe): Promise<CheckReport> {
  const machine = inspectMachine();
  const devices = probeDevices();
  const state = (engine: EngineName) => stateOf(engine, devices, machine);
  const engines = { cpu: state("cpu"), cuda: state("cuda"), vulkan: state("vulkan") };
  const unsupported = unsupportedReason(machine);
  return {
    version: VERSION,
    bun: Bun.version,
    machine,
    system: await system.completeStatus(),
    engines,
    problems:
      unsupported === null ? engines.cpu.missing.map((clause) => `CPU engine: ${clause}`) : [unsupported],
  };
}

/** A page for a person. */
export function reportText({ version, bun, machine, system, engines, problems }: CheckReport): string {
  const { memory, cpu, disk, gpu } = system;
  const rows = [
    ["Memory", `${formatBytes(memory.available)} free of ${formatBytes(memory.total)}`],
    ["CPU", `${cpu.model ?? "unknown"}: ${cpu.cores} CPUs, ${cpu.usable} usable by this process`],
    [
      "Disk",
      disk ? `${formatBytes(disk.available)} free of ${formatBytes(disk.total)} at ${disk.path}` : "unknown",
    ],
    ...(gpu.length > 0 ? gpu.map((one) => ["GPU", gpuText(one)]) : [["GPU", "none seen"]]),
    ...ENGINES.map((name) => [`Engine ${name}`, engineText(engines[name])]),
  ];
  const { platform, arch, libc } = machine;
  return [
    `Berth ${version}, Bun ${bun}, ${platform} ${arch}${libc === "none" ? "" : ` (${libc})`}`,
    "",
    ...rows.map(([label = "", text = ""]) => `  ${label.padEnd(14)}${text}`),
    "",
    ...(problems.length > 0 ? problems.map((problem) => `Problem: ${problem}`) : ["Models can run here."]),
  ].join("\n");
}

function stateOf(engine: EngineName, probe: DeviceProbe, { nvidia, cudaRuntimes }: Machine): EngineState {
  const lacks = missing(engine, probe);
  if (engine === "cuda" && nvidia && cudaRuntimes.length === 0)
    lacks.push("no CUDA runtime was found (libcudart.so and libcublas.so of version 12 or 13)");
  return { installed: probe.installed[engine], usable: lacks.length === 0, missing: lacks };
}

function unsupportedReason(machine: Machine): string | null {
  try {
    enginePackages(machine, "cpu");
    return null;
  } catch (error) {
    if (error instanceof UnsupportedMachine) return error.message;
    throw error;
  }
}

function engineText({ usable, missing }: EngineState): string {
  return usable ? "ready" : missing.join("; ");
}

function gpuText({ name, vendor, driver, memory_total, memory_used }: GpuStatus): string {
  const memory =
    memory_total === null
      ? "memory unknown"
      : `${memory_used === null ? "" : `${formatBytes(memory_total - memory_used)} free of `}${formatBytes(memory_total)}`;
  const title = vendor !== null && !name.startsWith(vendor) ? `${vendor} ${name}` : name;
  return `${title}: ${memory}, ${driver === null ? "no driver seen" : `driver ${driver}`}`;
}
