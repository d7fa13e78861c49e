import { getLlama, type Llama } from "node-llama-cpp";
import type { Device } from "../../schemas/device.ts";
import { type DeviceProbe, type RealDevice, unavailable, usableDevices } from "./device.ts";
import type { LlamaLog } from "./llama-log.ts";

/** What a device may still lack although package and driver are there. */
const HINTS: Partial<Record<RealDevice, string>> = {
  cuda: "; it needs the CUDA runtime (libcudart and libcublas, version 12 or 13)",
  vulkan: "; it needs libvulkan and a graphics card with Vulkan 1.2",
};

export interface Backend {
  llama: Llama;
  device: RealDevice;
  /** Devices that `auto` tried in vain, and why. */
  notes: string[];
}

/** By device: the native log is one for the process and does not survive a second instance. */
const started = new Map<RealDevice, Llama>();

/**
 * Starts llama.cpp on the device asked for, or on the best one that works.
 * @throws ApiError 400 `device_unavailable`
 */
export async function startBackend(
  asked: Device,
  probe: DeviceProbe,
  threads: number,
  log: LlamaLog,
): Promise<Backend> {
  const notes: string[] = [];
  for (const device of usableDevices(asked, probe)) {
    const reason = await attempt(device, threads, log);
    if (typeof reason !== "string") return { llama: reason, device, notes };
    if (asked === device) throw unavailable(device, [reason], otherDevices(device, probe));
    notes.push(`the device '${device}' is not used: ${reason}`);
  }
  throw unavailable("cpu", notes, []);
}

/** @returns llama.cpp on the device, or why it does not work there */
async function attempt(device: RealDevice, threads: number, log: LlamaLog): Promise<Llama | string> {
  try {
    const llama = await start(device, threads, log);
    if (device === "cpu") return llama;
    const sees = llama.gpu === device && (await llama.getGpuDeviceNames()).length > 0;
    return sees ? llama : "llama.cpp sees no graphics card for it";
  } catch (error) {
    return `llama.cpp could not be started on it (${String(error)})${HINTS[device] ?? ""}`;
  }
}

async function start(device: RealDevice, threads: number, log: LlamaLog): Promise<Llama> {
  const running = started.get(device);
  if (running) {
    running.logger = log.write;
    return running;
  }
  const llama = await getLlama({
    gpu: device === "cpu" ? false : device,
    // Never compile or download anything while serving.
    build: "never",
    skipDownload: true,
    progressLogs: false,
    maxThreads: threads,
    logLevel: log.level,
    logger: log.write,
  });
  started.set(device, llama);
  return llama;
}

const otherDevices = (device: RealDevice, probe: DeviceProbe) =>
  usableDevices("auto", probe).filter((other) => other !== device);
