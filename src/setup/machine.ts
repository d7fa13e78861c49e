import { dlopen } from "bun:ffi";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What of this machine decides which engine packages can run here. */
export interface Machine {
  platform: string;
  arch: string;
  libc: "glibc" | "musl" | "none";
  /** Such as `2.36`; `null` where it can not be told. */
  glibcVersion: string | null;
  /** Whether the standard library of C++ is that of GCC 12 or newer; `null` where it was not found. */
  hasGcc12: boolean | null;
  /** The NVIDIA driver can be used from here. */
  nvidia: boolean;
  /** Major versions of CUDA whose runtime and BLAS libraries were found, e.g. `[12, 13]`. */
  cudaRuntimes: number[];
}

/** Where to look instead of here; for tests. */
export interface Surroundings {
  root?: string;
  env?: Record<string, string | undefined>;
}

const GLIBC_LOADERS = ["lib64/ld-linux-x86-64.so.2", "lib/ld-linux-aarch64.so.1"];

const LIBRARY_FOLDERS = [
  "usr/lib/x86_64-linux-gnu",
  "usr/lib/aarch64-linux-gnu",
  "usr/lib64",
  "usr/lib",
  "usr/lib/wsl/lib",
  "run/opengl-driver/lib",
];

const CXX_LIBRARY = "libstdc++.so.6";
const CXX_PATH = /\0(\/[^\0]*\/libstdc\+\+\.so\.6)(?=\0)/g;

/** @param paths where the library may lie */
function hasGcc12(paths: readonly string[]): boolean | null {
  const found = paths.map(textOf).filter((library) => library !== "");
  return found.length === 0 ? null : found.some((library) => library.includes("GLIBCXX_3.4.30"));
}

/** Looks at files and at the C library of this process, so that it takes no time and needs no package. */
export function inspectMachine({ root = "/", env = process.env }: Surroundings = {}): Machine {
  const exists = (path: string) => existsSync(join(root, path));
  const folders = libraryFolders(root, env);
  const libraries = new Set(folders.flatMap(filesOf));
  // What the loader finds, wherever it lies.
  const cache = textOf(join(root, "etc/ld.so.cache"));
  const canLoad = (name: string) => libraries.has(name) || cache.includes(`/${name}\0`);
  return {
    platform: process.platform,
    arch: process.arch,
    libc: process.platform !== "linux" ? "none" : GLIBC_LOADERS.some(exists) ? "glibc" : "musl",
    glibcVersion: root === "/" ? glibcVersion() : null,
    hasGcc12: hasGcc12([
      ...folders.map((folder) => join(folder, CXX_LIBRARY)),
      ...[...cache.matchAll(CXX_PATH)].map(([, path = ""]) => join(root, path)),
    ]),
    // Not /proc/driver/nvidia: a container sees that of its host, whether it may use the card or not.
    nvidia: canLoad("libcuda.so.1") || exists("dev/nvidiactl"),
    cudaRuntimes: [12, 13].filter((major) =>
      ["libcudart", "libcublas"].every((name) => canLoad(`${name}.so.${major}`)),
    ),
  };
}

/** The folders in which node-llama-cpp looks for libraries, and those of WSL and NixOS. */
function libraryFolders(root: string, env: Record<string, string | undefined>): string[] {
  const local = join(root, "usr/local");
  const toolkits = filesOf(local).filter((name) => name.startsWith("cuda"));
  return [
    ...LIBRARY_FOLDERS.map((folder) => join(root, folder)),
    ...toolkits.flatMap((name) => [
      join(local, name, "lib64"),
      ...filesOf(join(local, name, "targets")).map((target) => join(local, name, "targets", target, "lib")),
    ]),
    ...foldersOf(env["LD_LIBRARY_PATH"]),
    ...foldersOf(env["CUDA_PATH"]).flatMap((folder) => [folder, join(folder, "lib64")]),
  ];
}

const foldersOf = (paths: string | undefined): string[] => paths?.split(":").filter(Boolean) ?? [];

/** What of glibc this process runs with, e.g. `2.36`; `null` where it is another C library. */
function glibcVersion(): string | null {
  try {
    const { symbols } = dlopen("libc.so.6", { gnu_get_libc_version: { returns: "cstring", args: [] } });
    return String(symbols.gnu_get_libc_version());
  } catch {
    return null;
  }
}

/** Every byte as a character; nothing where there is no such file. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
