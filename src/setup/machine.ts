import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What of this machine decides which engine packages can run here. */
export interface Machine {
  platform: string;
  arch: string;
  libc: "glibc" | "musl" | "none";
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

/** Looks at files only, so that it takes no time and needs no package. */
export function inspectMachine({ root = "/", env = process.env }: Surroundings = {}): Machine {
  const exists = (path: string) => existsSync(join(root, path));
  const libraries = new Set(libraryFolders(root, env).flatMap(filesOf));
  return {
    platform: process.platform,
    arch: process.arch,
    libc: process.platform !== "linux" ? "none" : GLIBC_LOADERS.some(exists) ? "glibc" : "musl",
    // Not /proc/driver/nvidia: a container sees that of its host, whether it may use the card or not.
    nvidia: libraries.has("libcuda.so.1") || exists("dev/nvidiactl"),
    cudaRuntimes: [12, 13].filter((major) =>
      ["libcudart", "libcublas"].every((name) => libraries.has(`${name}.so.${major}`)),
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
    ...[env["LD_LIBRARY_PATH"], env["CUDA_PATH"]].flatMap((paths) => paths?.split(":") ?? []).filter(Boolean),
  ];
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
