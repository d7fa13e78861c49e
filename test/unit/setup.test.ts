import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { readEngineChoice, rememberEngineChoice } from "../../src/setup/engine-choice.ts";
import { enginePackages, missingLibraries, UnsupportedMachine } from "../../src/setup/engine-packages.ts";
import { inspectMachine, type Machine } from "../../src/setup/machine.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const PLAIN: Machine = {
  platform: "linux",
  arch: "x64",
  libc: "glibc",
  glibcVersion: "2.34",
  hasGcc12: true,
  nvidia: false,
  cudaRuntimes: [],
};
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
    ["musl", { ...PLAIN, libc: "musl" as const }, "glibc"],
    ["macOS", { ...PLAIN, platform: "darwin", libc: "none" as const }, "this is darwin"],
    ["an old glibc", { ...PLAIN, glibcVersion: "2.31" }, "this machine has 2.31"],
    ["an old libstdc++", { ...PLAIN, hasGcc12: false }, "GLIBCXX_3.4.30"],
    ["RISC-V", { ...PLAIN, arch: "riscv64" }, "this one is riscv64"],
  ])("do not exist for %s, and the message says what is missing", (_, machine, reason) => {
    expect(() => enginePackages(machine, "auto")).toThrow(UnsupportedMachine);
    expect(() => enginePackages(machine, "auto")).toThrow(reason);
  });
});

test("the engine of this machine wants no newer libraries than the machine is asked for", async () => {
  const wanted = { GLIBC: "2.34", GLIBCXX: "3.4.30" };
  const folder = join(import.meta.dir, "../../node_modules", `@node-llama-cpp/linux-${process.arch}`, "bins");
  const libraries = await Array.fromAsync(
    new Bun.Glob("**/*.{so,node}").scan({ cwd: folder, absolute: true }),
  );
  expect(libraries.length).toBeGreaterThan(5);
  for (const library of libraries) {
    const text = Buffer.from(await Bun.file(library).bytes()).toString("latin1");
    for (const [, name = "", version = ""] of text.matchAll(/\0(GLIBC|GLIBCXX)_([\d.]+)(?=\0)/g))
      expect(`${name}_${version}`).toSatisfy(
        () => version.localeCompare(wanted[name as keyof typeof wanted], "en", { numeric: true }) <= 0,
      );
  }
});

describe("what CUDA needs besides its package", () => {
  test("is told where it is not found, and only there", () => {
    const cuda = [CPU, `${CPU}-cuda`];
    expect(missingLibraries(PLAIN, cuda)).toContain("libcudart and libcublas");
    expect(missingLibraries({ ...PLAIN, cudaRuntimes: [13] }, cuda)).toBeNull();
    expect(missingLibraries(PLAIN, [CPU, `${CPU}-vulkan`])).toBeNull();
  });
});

describe("the look at the machine", () => {
  /** A machine that has these files. */
  async function inspect(files: string[], env: Record<string, string> = {}): Promise<Machine> {
    await using folder = await temporaryFolder();
    for (const file of files) await Bun.write(join(folder.path, file), "");
    return inspectMachine({ root: folder.path, env });
  }

  test("tells glibc by its loader", async () => {
    expect((await inspect(["lib64/ld-linux-x86-64.so.2"])).libc).toBe("glibc");
    expect((await inspect(["lib/ld-linux-aarch64.so.1"])).libc).toBe("glibc");
    expect((await inspect(["lib/ld-musl-x86_64.so.1"])).libc).toBe("musl");
  });

  test.each(["usr/lib/x86_64-linux-gnu/libcuda.so.1", "usr/lib/wsl/lib/libcuda.so.1", "dev/nvidiactl"])(
    "sees an NVIDIA driver by %s",
    async (file) => {
      expect((await inspect([file])).nvidia).toBe(true);
    },
  );

  test("takes the driver of a container's host for none of its own", async () => {
    expect((await inspect(["proc/driver/nvidia/version"])).nvidia).toBe(false);
  });

  test("tells the C++ library by what it holds, and nothing where it is not found", async () => {
    await using folder = await temporaryFolder();
    const found = () => inspectMachine({ root: folder.path, env: {} }).hasGcc12;
    expect(found()).toBeNull();
    await Bun.write(join(folder.path, "usr/lib64/libstdc++.so.6"), "…GLIBCXX_3.4.29\0…");
    expect(found()).toBe(false);
    await Bun.write(
      join(folder.path, "etc/ld.so.cache"),
      "\0/usr/lib/libstdc++.so.6\0/opt/gcc/lib64/libstdc++.so.6\0",
    );
    await Bun.write(join(folder.path, "opt/gcc/lib64/libstdc++.so.6"), "…GLIBCXX_3.4.30\0…");
    expect(found()).toBe(true);
    expect(inspectMachine()).toMatchObject({
      glibcVersion: expect.stringMatching(/^2\.\d+$/),
      hasGcc12: true,
    });
  });

  test("finds libraries where the loader does, and below CUDA_PATH", async () => {
    await using folder = await temporaryFolder();
    const names = ["libcudart.so.13", "libcublas.so.13"];
    await Bun.write(
      join(folder.path, "etc/ld.so.cache"),
      names.map((name) => `${name}\0/opt/cuda/lib64/${name}\0`).join(""),
    );
    expect(inspectMachine({ root: folder.path, env: {} }).cudaRuntimes).toEqual([13]);
    for (const name of ["libcudart.so.12", "libcublas.so.12"])
      await Bun.write(join(folder.path, "cuda/lib64", name), "");
    const env = { CUDA_PATH: join(folder.path, "cuda") };
    expect(inspectMachine({ root: folder.path, env }).cudaRuntimes).toEqual([12, 13]);
  });

  test("counts a CUDA version only with both of its libraries, wherever the toolkit lies", async () => {
    const toolkit = "usr/local/cuda-12.8/targets/x86_64-linux/lib";
    const found = await inspect([
      `${toolkit}/libcudart.so.12`,
      `${toolkit}/libcublas.so.12`,
      "usr/lib64/libcudart.so.13",
    ]);
    expect(found.cudaRuntimes).toEqual([12]);
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

  test("is remembered where the server has its home, which may be told from the user's", async () => {
    await using folder = await temporaryFolder();
    rememberEngineChoice("cpu", { HOME: folder.path, BERTH_HOME: "~/data" });
    expect(await Bun.file(join(folder.path, "data", "engine")).text()).toBe("cpu\n");
    rememberEngineChoice("vulkan", { HOME: folder.path });
    expect(readEngineChoice({ HOME: folder.path })).toBe("vulkan");
  });

  test("that is none of the known ones is refused by name", () => {
    expect(() => readEngineChoice({ BERTH_ENGINE: "rocm" })).toThrow(
      "'rocm': expected one of auto, cpu, cuda, vulkan",
    );
  });
});
