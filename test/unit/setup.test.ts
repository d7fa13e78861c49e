import { describe, expect, test } from "bun:test";
import { readEngineChoice, rememberEngineChoice } from "../../src/setup/engine-choice.ts";
import { enginePackages, UnsupportedMachine } from "../../src/setup/engine-packages.ts";
import type { Machine } from "../../src/setup/machine.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const PLAIN: Machine = { platform: "linux", arch: "x64", libc: "glibc", nvidia: false, cudaRuntimes: [] };
const CPU = "@node-llama-cpp/linux-x64";

describe("the engine packages", () => {
  test("are the CPU engine of this processor alone where no driver is seen", () => {
    expect(enginePackages(PLAIN, "auto")).toEqual([CPU]);
    expect(enginePackages({ ...PLAIN, arch: "arm64" }, "auto")).toEqual(["@node-llama-cpp/linux-arm64"]);
  });

  test("include CUDA where an NVIDIA driver is seen, and not when the CPU was chosen", () => {
    const machine = { ...PLAIN, nvidia: true, cudaRuntimes: [13] };
    expect(enginePackages(machine, "auto")).toEqual([CPU, `${CPU}-cuda`]);
    expect(enginePackages(machine, "cpu")).toEqual([CPU]);
  });

  test("include the build for CUDA 12 only where nothing newer is there", () => {
    const machine = { ...PLAIN, nvidia: true };
    expect(enginePackages({ ...machine, cudaRuntimes: [12] }, "auto")).toContain(`${CPU}-cuda-ext`);
    expect(enginePackages({ ...machine, cudaRuntimes: [12, 13] }, "auto")).not.toContain(`${CPU}-cuda-ext`);
  });

  test("are CUDA or Vulkan when asked for, driver or not", () => {
    expect(enginePackages(PLAIN, "cuda")).toEqual([CPU, `${CPU}-cuda`]);
    expect(enginePackages(PLAIN, "vulkan")).toEqual([CPU, `${CPU}-vulkan`]);
  });

  test("stay with the CPU on arm64, whose GPU engines do not exist", () => {
    const arm = { ...PLAIN, arch: "arm64", nvidia: true };
    expect(enginePackages(arm, "auto")).toEqual(["@node-llama-cpp/linux-arm64"]);
    expect(() => enginePackages(arm, "cuda")).toThrow("no cuda engine package for arm64");
  });

  test.each([
    [{ ...PLAIN, libc: "musl" as const }, "glibc"],
    [{ ...PLAIN, platform: "darwin", libc: "none" as const }, "this is darwin"],
    [{ ...PLAIN, arch: "riscv64" }, "this one is riscv64"],
  ])("do not exist for %p, and the message says what is missing", (machine, reason) => {
    expect(() => enginePackages(machine, "auto")).toThrow(UnsupportedMachine);
    expect(() => enginePackages(machine, "auto")).toThrow(reason);
  });
});

describe("the engine choice", () => {
  test("is remembered below BERTH_HOME, and the environment wins over it", async () => {
    await using folder = await temporaryFolder();
    const env = { BERTH_HOME: folder.path };
    expect(readEngineChoice(env)).toBe("auto");
    rememberEngineChoice("vulkan", env);
    expect(readEngineChoice(env)).toBe("vulkan");
    expect(readEngineChoice({ ...env, BERTH_ENGINE: "cpu" })).toBe("cpu");
  });

  test("that is none of the known ones is refused by name", () => {
    expect(() => readEngineChoice({ BERTH_ENGINE: "rocm" })).toThrow(
      "'rocm': expected one of auto, cpu, cuda, vulkan",
    );
  });
});
