import { existsSync, readdirSync } from "node:fs";
import { type DeviceProbe, missing } from "./device.ts";

/** Looks which engine packages are installed and which drivers are there; loads none of them. */
export function probeDevices(): DeviceProbe {
  const mac = process.platform === "darwin";
  const installed = (variant: string) => resolves(`@node-llama-cpp/${packageName(variant)}`);
  return {
    installed: {
      cpu: installed(""),
      cuda: installed("-cuda"),
      vulkan: installed("-vulkan"),
      metal: mac && resolves("@node-llama-cpp/mac-arm64-metal"),
    },
    driver: {
      cuda: ["/dev/nvidiactl", "/proc/driver/nvidia/version", "/usr/lib/wsl/lib/libcuda.so.1"].some(
        existsSync,
      ),
      vulkan: ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"].some(
        hasFiles,
      ),
      metal: mac && process.arch === "arm64",
    },
  };
}

/** Whether there is an engine for a GPU and what it needs; whether it sees a card is for it to tell. */
export function hasGpuEngine(probe = probeDevices()): boolean {
  return (["cuda", "vulkan", "metal"] as const).some((device) => missing(device, probe).length === 0);
}

function packageName(variant: string): string {
  const { platform, arch } = process;
  if (platform === "darwin") return arch === "arm64" ? "mac-arm64-metal" : "mac-x64";
  const system = platform === "win32" ? "win" : platform;
  return `${system}-${arch === "arm" ? "armv7l" : arch}${variant}`;
}

/** The engine packages belong to node-llama-cpp, so they are looked for from there. */
function resolves(name: string): boolean {
  for (const from of [import.meta.dir, Bun.fileURLToPath(import.meta.resolve("node-llama-cpp"))]) {
    try {
      Bun.resolveSync(`${name}/package.json`, from);
      return true;
    } catch {
      // Not installed as seen from here.
    }
  }
  return false;
}

function hasFiles(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}
