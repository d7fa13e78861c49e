import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

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

/** Tools of development whose native half is an optional package for each platform. */
const NATIVE_TOOLS = ["oxlint", "oxlint-tsgolint", "oxc-parser", "oxc-resolver"];

/** What package.json asks for, and what of it is there. */
export class Packages {
  readonly root: string;
  readonly #manifest: Manifest;

  /** @param root the folder that holds package.json */
  constructor(root: string) {
    this.root = root;
    this.#manifest = readManifest(root);
  }

  /** The version of Bun that the project is made for. */
  get bunVersion(): string {
    return this.#manifest.packageManager.replace("bun@", "");
  }

  /** The version that every engine package shares with the library that loads it. */
  get engineVersion(): string {
    return this.#manifest.dependencies?.["node-llama-cpp"] ?? "";
  }

  /** What package.json names; all versions in it are exact. */
  direct(development: boolean): Pin[] {
    const { dependencies, devDependencies } = this.#manifest;
    return pins({ ...dependencies, ...(development ? devDependencies : {}) });
  }

  /**
   * The native halves that the installed tools need here. `--omit=optional` leaves them out together
   * with 700 MB of engines, so they are named one by one.
   */
  nativeHalves(arch: string): Pin[] {
    const mine = new RegExp(`linux-${arch}(-gnu)?$`);
    return NATIVE_TOOLS.flatMap((tool) =>
      pins(this.#installed(tool)?.optionalDependencies ?? {}).filter(({ name }) => mine.test(name)),
    );
  }

  has({ name, version }: Pin): boolean {
    return this.#installed(name)?.version === version;
  }

  #installed(name: string): Manifest | null {
    try {
      return readManifest(join(this.root, "node_modules", name));
    } catch {
      return null;
    }
  }
}

/** The names of the engine packages that are there, for whatever machine. */
export function installedEngines(root: string): string[] {
  try {
    return readdirSync(join(root, "node_modules", "@node-llama-cpp")).map(
      (name) => `@node-llama-cpp/${name}`,
    );
  } catch {
    return [];
  }
}

function pins(versions: Record<string, string>): Pin[] {
  return Object.entries(versions).map(([name, version]) => ({ name, version }));
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}
