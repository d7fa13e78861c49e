import { ApiError } from "../../errors.ts";
import type { Device } from "../../schemas/device.ts";

/** A device that is really one: what `auto` is resolved to. */
export type RealDevice = Exclude<Device, "auto">;

/** What this machine and this installation have; `device-probe.ts` looks. */
export interface DeviceProbe {
  /** Whether the package with llama.cpp built for the device is installed. */
  installed: Record<RealDevice, boolean>;
  /** Whether the driver the device needs is there; the processor needs none. */
  driver: Record<Exclude<RealDevice, "cpu">, boolean>;
}

const PREFERENCE: RealDevice[] = ["cuda", "vulkan", "metal", "cpu"];

const NAMES: Record<RealDevice, string> = { cpu: "CPU", cuda: "CUDA", vulkan: "Vulkan", metal: "Metal" };

const DRIVERS = {
  cuda: "an NVIDIA driver",
  vulkan: "a Vulkan driver",
  metal: "Metal, which only Macs have,",
};

/**
 * The devices to try, best first: all usable ones for `auto`, else the one asked for.
 * @throws ApiError 400 `device_unavailable`, saying what is there and what is missing
 */
export function usableDevices(asked: Device, probe: DeviceProbe): RealDevice[] {
  const usable = PREFERENCE.filter((device) => missing(device, probe).length === 0);
  if (asked === "auto") {
    if (usable.length > 0) return usable;
    throw unavailable("cpu", missing("cpu", probe), usable);
  }
  if (usable.includes(asked)) return [asked];
  throw unavailable(asked, missing(asked, probe), usable);
}

/** 400 for a device that can not be used; `reasons` are clauses such as "no NVIDIA driver was found". */
export function unavailable(device: RealDevice, reasons: string[], usable: RealDevice[]): ApiError {
  const there = usable.map((other) => NAMES[other]).join(", ") || "none";
  return new ApiError(
    400,
    "invalid_request_error",
    `The device '${device}' can not be used here: ${reasons.join("; ")}. Usable devices: ${there}`,
    { code: "device_unavailable", param: "device" },
  );
}

/** Clauses such as "an NVIDIA driver was not found"; none for a device that can be used. */
export function missing(device: RealDevice, { installed, driver }: DeviceProbe): string[] {
  const reasons: string[] = [];
  if (device !== "cpu" && !driver[device]) reasons.push(`${DRIVERS[device]} was not found`);
  if (installed[device]) return reasons;
  // Metal comes with the package of a Mac; there is nothing to install for it elsewhere.
  if (device !== "metal")
    reasons.push(`its engine package is not installed (\`berth setup ${device}\` installs it)`);
  else if (driver.metal) reasons.push("its engine package is not installed");
  return reasons;
}
