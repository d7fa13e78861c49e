import { describe, expect, test } from "bun:test";
import { type DeviceProbe, usableDevices } from "../../src/engine/worker/device.ts";

const probe = (installed: string[], drivers: string[] = []): DeviceProbe => ({
  installed: {
    cpu: installed.includes("cpu"),
    cuda: installed.includes("cuda"),
    vulkan: installed.includes("vulkan"),
    metal: installed.includes("metal"),
  },
  driver: {
    cuda: drivers.includes("cuda"),
    vulkan: drivers.includes("vulkan"),
    metal: drivers.includes("metal"),
  },
});

describe("auto", () => {
  test.each([
    [["cpu"], [], ["cpu"]],
    [["cpu", "cuda"], ["cuda"], ["cuda", "cpu"]],
    [["cpu", "cuda"], [], ["cpu"]],
    [["cpu"], ["cuda", "vulkan"], ["cpu"]],
    [
      ["cpu", "vulkan"],
      ["cuda", "vulkan"],
      ["vulkan", "cpu"],
    ],
    [
      ["cpu", "cuda", "vulkan"],
      ["cuda", "vulkan"],
      ["cuda", "vulkan", "cpu"],
    ],
    [["metal", "cpu"], ["metal"], ["metal", "cpu"]],
  ])("with packages %j and drivers %j tries %j", (installed, drivers, expected) => {
    expect(usableDevices("auto", probe(installed, drivers)) as string[]).toEqual(expected);
  });

  test("without any engine package says how to install one", () => {
    expect(() => usableDevices("auto", probe([]))).toThrow("`berth setup cpu`");
  });
});

describe("a device that was asked for", () => {
  test("is the only one tried", () => {
    expect(usableDevices("cpu", probe(["cpu", "cuda"], ["cuda"]))).toEqual(["cpu"]);
    expect(usableDevices("cuda", probe(["cpu", "cuda"], ["cuda"]))).toEqual(["cuda"]);
  });

  test.each([
    [
      "cuda",
      probe(["cpu"]),
      "The device 'cuda' can not be used here: an NVIDIA driver was not found; its engine package is not installed (`berth setup cuda` installs it). Usable devices: CPU",
    ],
    [
      "cuda",
      probe(["cpu", "cuda"]),
      "The device 'cuda' can not be used here: an NVIDIA driver was not found. Usable devices: CPU",
    ],
    [
      "vulkan",
      probe(["cpu", "cuda"], ["cuda", "vulkan"]),
      "The device 'vulkan' can not be used here: its engine package is not installed (`berth setup vulkan` installs it). Usable devices: CUDA, CPU",
    ],
    [
      "metal",
      probe(["cpu"]),
      "The device 'metal' can not be used here: Metal, which only Macs have, was not found. Usable devices: CPU",
    ],
  ] as const)("%s and is not there says what is there and what is missing", (device, there, message) => {
    expect(() => usableDevices(device, there)).toThrow(
      expect.objectContaining({ status: 400, code: "device_unavailable", param: "device", message }),
    );
  });
});
