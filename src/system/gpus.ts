import si from "systeminformation";
import type { GpuStatus } from "../schemas/system.ts";

const MIB = 1024 * 1024;

/** What NVIDIA's tool is asked for, in the order in which it answers; memory in MiB. */
const NVIDIA_FIELDS = ["name", "driver_version", "memory.total", "memory.used", "utilization.gpu"];

/** What systeminformation tells of cards without such a tool, none of which changes. */
let described: Promise<GpuStatus[]> | null = null;

/**
 * The GPUs of this machine that models may run on. systeminformation asks NVIDIA's tool itself, without a limit and
 * standing still meanwhile, with every stream of the server: so it is asked only where the tool tells of no card, and once.
 * @throws Error when the tool hangs
 */
export async function readGpus(): Promise<GpuStatus[]> {
  const nvidia = await readNvidia();
  if (nvidia.length > 0) return withoutDisplays(nvidia);
  described ??= si.graphics().then(({ controllers }) => controllers.map(toGpuStatus));
  // What failed is asked for again.
  described.catch(() => (described = null));
  return withoutDisplays(await described);
}

/**
 * Where the memory of some is measured, the others only drive a display: a server's management controller, or what is
 * part of the processor.
 */
export function withoutDisplays(gpus: GpuStatus[]): GpuStatus[] {
  const measured = gpus.filter(isMeasured);
  return measured.length > 0 ? measured : gpus;
}

const isMeasured = ({ memory_used }: GpuStatus) => memory_used !== null;

/** systeminformation counts graphics memory in MiB; what it does not know is missing, empty or zero. */
export function toGpuStatus(controller: si.Systeminformation.GraphicsControllerData): GpuStatus {
  const { model, name, vendor, driverVersion, memoryTotal, memoryUsed, vram, utilizationGpu } = controller;
  const total = memoryTotal ?? vram;
  return {
    name: name || model || "GPU",
    vendor: vendor || null,
    driver: driverVersion || null,
    memory_total: total ? total * MIB : null,
    memory_used: memoryUsed === undefined ? null : memoryUsed * MIB,
    usage_percent: utilizationGpu ?? null,
  };
}

/**
 * What NVIDIA's own tool tells; nothing where it is not there or fails.
 * @param path where it is looked for
 * @throws Error when it takes longer than `limitMs`, as it does for ever where a card has gone
 */
export async function readNvidia(path = process.env["PATH"] ?? "", limitMs = 8000): Promise<GpuStatus[]> {
  const tool = Bun.which("nvidia-smi", { PATH: path });
  if (tool === null) return [];
  const asked = [`--query-gpu=${NVIDIA_FIELDS.join()}`, "--format=csv,noheader,nounits"];
  const child = Bun.spawn([tool, ...asked], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  const code = await child.exited;
  if (child.signalCode === "SIGKILL") throw new Error("nvidia-smi does not answer");
  const out = await new Response(child.stdout).text();
  return code === 0 ? out.split("\n").filter(Boolean).map(toNvidia) : [];
}

/** One line; what the card does not tell is `[N/A]` or the like. */
function toNvidia(line: string): GpuStatus {
  const [name = "", driver = "", ...figures] = line.split(",").map((part) => part.trim());
  const [total = null, used = null, load = null] = figures.map((figure) =>
    /^[\d.]+$/.test(figure) ? Number(figure) : null,
  );
  return {
    name: name || "GPU",
    vendor: "NVIDIA",
    driver: /^\d/.test(driver) ? driver : null,
    memory_total: total && total * MIB,
    memory_used: used && used * MIB,
    usage_percent: load,
  };
}
