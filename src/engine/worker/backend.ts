import { getLlama, type Llama, LlamaLogLevel } from "node-llama-cpp";
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
  const usable = usableDevices(asked, probe);
  const notes: string[] = [];
  for (const device of usable) {
    try {
      return { llama: await start(device, threads, log), device, notes };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const clause = `llama.cpp could not be started on it (${reason})${HINTS[device] ?? ""}`;
      if (device === usable.at(-1)) throw unavailable(device, [clause], usableDevices("auto", probe));
      notes.push(`${device} is not used: ${clause}`);
    }
  }
  throw new Error("no device to try");
}

async function start(device: RealDevice, threads: number, log: LlamaLog): Promise<Llama> {
  const llama = await getLlama({
    gpu: device === "cpu" ? false : device,
    // Never compile or download anything while serving.
    build: "never",
    skipDownload: true,
    progressLogs: false,
    maxThreads: threads,
    logLevel: LlamaLogLevel.info,
    logger: log.write,
  });
  if (device !== "cpu" && (llama.gpu !== device || (await llama.getGpuDeviceNames()).length === 0)) {
    await llama.dispose();
    throw new Error("it sees no graphics card");
  }
  return llama;
}
