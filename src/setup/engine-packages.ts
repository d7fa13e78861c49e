import type { Machine } from "./machine.ts";
import { SetUpError } from "./set-up-error.ts";

/** Which engine set-up installs; `auto` adds CUDA where an NVIDIA driver is seen. */
export type EngineChoice = (typeof ENGINE_CHOICES)[number];
export const ENGINE_CHOICES = ["auto", "cpu", "cuda", "vulkan"] as const;

export const isEngineChoice = (text: string): text is EngineChoice =>
  (ENGINE_CHOICES as readonly string[]).includes(text);

/** This machine can not run what was asked for; the message says what is missing. */
export class UnsupportedMachine extends SetUpError {}

/**
 * The packages of `@node-llama-cpp` that hold llama.cpp for this machine. Measured in the unpacked
 * packages: CPU 30 MB, Vulkan 71 MB, CUDA 13 181 MB, CUDA 12 358 MB more; all are there only for x64.
 * @throws UnsupportedMachine
 */
export function enginePackages(machine: Machine, choice: EngineChoice): string[] {
  const { platform, arch, libc, glibcVersion, hasGcc12, nvidia } = machine;
  if (platform !== "linux")
    throw new UnsupportedMachine(`Berth runs on Linux, and this is ${platform}: use the Docker image there`);
  if (libc !== "glibc")
    throw new UnsupportedMachine(
      "Berth needs glibc, and this Linux has musl (Alpine): use a Debian, Ubuntu or Fedora image",
    );
  if (glibcVersion !== null && isOlder(glibcVersion, LEAST_GLIBC))
    throw new UnsupportedMachine(
      `Berth needs glibc ${LEAST_GLIBC} or newer, and this machine has ${glibcVersion}: Debian 12, Ubuntu 22.04 and Fedora have it, and the Docker image does`,
    );
  if (hasGcc12 === false)
    throw new UnsupportedMachine(
      "Berth needs the C++ library of GCC 12 or newer (libstdc++.so.6 with GLIBCXX_3.4.30), and this machine's is older: Debian 12, Ubuntu 22.04 and Fedora have it, and the Docker image does",
    );
  if (arch !== "x64" && arch !== "arm64")
    throw new UnsupportedMachine(`Berth runs on x64 and arm64 processors, and this one is ${arch}`);

  const cpu = `@node-llama-cpp/linux-${arch}`;
  const wanted = choice === "auto" ? (nvidia && arch === "x64" ? "cuda" : "cpu") : choice;
  if (wanted === "cpu") return [cpu];
  if (arch !== "x64")
    throw new UnsupportedMachine(`There is no ${wanted} engine package for ${arch}: choose BERTH_ENGINE=cpu`);
  if (wanted === "vulkan") return [cpu, `${cpu}-vulkan`];
  return needsCuda12(machine) ? [cpu, `${cpu}-cuda`, `${cpu}-cuda-ext`] : [cpu, `${cpu}-cuda`];
}

/** What the engine packages were linked with; `objdump -T` of their libraries tells. */
const LEAST_GLIBC = "2.34";

const isOlder = (version: string, than: string) => version.localeCompare(than, "en", { numeric: true }) < 0;

/** The main CUDA package is built for CUDA 13; the extension holds the build for CUDA 12. */
const needsCuda12 = ({ cudaRuntimes }: Machine) => cudaRuntimes.includes(12) && !cudaRuntimes.includes(13);

/** What these packages need besides themselves and this machine lacks, as a sentence; else `null`. */
export function missingLibraries(machine: Machine, packages: readonly string[]): string | null {
  const wantsCuda = packages.some((name) => name.endsWith("-cuda"));
  if (!wantsCuda || machine.cudaRuntimes.length > 0) return null;
  return "CUDA's own libraries were not found: install libcudart and libcublas, version 12 or 13, or choose vulkan";
}
