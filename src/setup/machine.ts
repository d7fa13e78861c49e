import { existsSync, readdirSync } from "node:fs";

/** What of this machine decides which engine packages can run here. */
export interface Machine {
  platform: string;
  arch: string;
  libc: "glibc" | "musl" | "none";
  /** An NVIDIA driver is loaded or its library is there. */
  nvidia: boolean;
  /** Major versions of the CUDA runtime library found, e.g. `[12, 13]`. */
  cudaRuntimes: number[];
}

const GLIBC_LOADERS = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

const LIBRARY_FOLDERS = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/cuda/lib64",
  "/usr/local/cuda/targets/x86_64-linux/lib",
  "/usr/lib/wsl/lib",
];

/** Looks at files only, so that it takes no time and needs no package. */
export function inspectMachine(): Machine {
  const searchPath = (process.env["LD_LIBRARY_PATH"] ?? "").split(":").filter(Boolean);
  const libraries = new Set([...LIBRARY_FOLDERS, ...searchPath].flatMap(filesOf));
  return {
    platform: process.platform,
    arch: process.arch,
    libc: process.platform === "linux" ? libc() : "none",
    nvidia: existsSync("/proc/driver/nvidia/version") || libraries.has("libcuda.so.1"),
    cudaRuntimes: [12, 13].filter((major) => libraries.has(`libcudart.so.${major}`)),
  };
}

function libc(): "glibc" | "musl" {
  return GLIBC_LOADERS.some((path) => existsSync(path)) ? "glibc" : "musl";
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
