import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder that holds package.json. */
export const ROOT = join(import.meta.dir, "..", "..");

/** A package at one exact version. */
export interface Pin {
  name: string;
  version: string;
}

interface Manifest {
  version: string;
  packageManager: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** The project's own package.json. */
export const manifest = (): Manifest => readJson(join(ROOT, "package.json")) as Manifest;

/** What package.json names, each at the exact version it names. */
export function directPackages(development: boolean): Pin[] {
  const { dependencies, devDependencies } = manifest();
  return Object.entries({ ...dependencies, ...(development ? devDependencies : {}) }).map(
    ([name, version]) => ({
      name,
      version,
    }),
  );
}

export const isInstalled = ({ name, version }: Pin) => installed(name)?.version === version;

/** The version every engine package shares with the library that loads it. */
export const engineVersion = () => manifest().dependencies?.["node-llama-cpp"] ?? "";

/** Tools of development whose native half is an optional package for each platform. */
const NATIVE_TOOLS = ["oxlint", "oxlint-tsgolint", "oxc-parser", "oxc-resolver"];

/**
 * The native halves that the installed tools need here. `--omit=optional` leaves them out together
 * with 700 MB of engines, so they are named one by one.
 */
export function nativeHalves(arch: string): Pin[] {
  return NATIVE_TOOLS.flatMap((tool) => {
    const halves = Object.entries(installed(tool)?.optionalDependencies ?? {});
    const mine = halves.find(([name]) => new RegExp(`linux-${arch}(-gnu)?$`).test(name));
    return mine ? [{ name: mine[0], version: mine[1] }] : [];
  });
}

function installed(name: string): Manifest | null {
  try {
    return readJson(join(ROOT, "node_modules", name, "package.json")) as Manifest;
  } catch {
    return null;
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
