import { rmSync } from "node:fs";
import { join } from "node:path";
import { runBun } from "./bun.ts";
import { checkBunVersion } from "./bun-version.ts";
import { readEngineChoice } from "./engine-choice.ts";
import { type EngineChoice, enginePackages, missingLibraries } from "./engine-packages.ts";
import { hasStamp, writeStamp } from "./install-stamp.ts";
import { inspectMachine } from "./machine.ts";
import { installedEngines, Packages, type Pin } from "./packages.ts";
import { withSetUpLock } from "./set-up-lock.ts";

/*
 * Runs before any package is installed: nothing in this folder imports one.
 */

export interface SetUpOptions {
  /** Also what development needs: linter, unused-code check, test clients. */
  development: boolean;
  /** Default: BERTH_ENGINE or what `berth setup` remembered. */
  engine?: EngineChoice;
}

const ROOT = join(import.meta.dir, "..", "..");

/** In the folder of the packages, which it guards. */
const lockFile = (root: string) => join(root, "node_modules", ".berth-set-up");

/**
 * Without the engines of every platform, 700 MB, of which one machine needs one. A server needs no tools either,
 * and no peers, 16 MB: what it needs of them, package.json names; the rest are types, a compiler, and a look into
 * uploads that no route asks Elysia for.
 */
const leaveOut = (development: boolean) => [
  "--omit=optional",
  ...(development ? [] : ["--omit=dev", "--omit=peer"]),
];

/**
 * Installs what package.json and the lockfile name, and the engine packages of this machine, where
 * they are not there yet. Says what it does on standard error, and nothing when there is nothing to do.
 * @returns whether anything was missing
 * @throws SetUpError with what a person can do about it
 */
export async function setUp({ development, engine = readEngineChoice() }: SetUpOptions): Promise<boolean> {
  const packages = new Packages(ROOT);
  const machine = inspectMachine();
  const names = enginePackages(machine, engine);
  const wasMissing = await installPackages(development, packages);
  const engines = names.map((name) => ({ name, version: packages.engineVersion }));
  const missing = () => missingHere(packages, development, engines);
  if (!wasMissing && missing().length === 0) return false;
  await withSetUpLock(lockFile(ROOT), async () => {
    for (const pin of missing()) await installOne(pin, development);
  });
  const lacking = missingLibraries(machine, names);
  if (lacking !== null) console.error(lacking);
  return true;
}

/** The same without the engine packages, which a configuration may choose that takes a package to be read. */
export async function installPackages(
  development: boolean,
  packages: Packages = new Packages(ROOT),
): Promise<boolean> {
  checkBunVersion(packages.bunVersion);
  if (isInstalled(packages, development)) return false;
  // Nothing is installed on a machine that can not use it.
  enginePackages(inspectMachine(), "cpu");
  await withSetUpLock(lockFile(ROOT), async () => {
    // Another start may have done it meanwhile.
    if (!isInstalled(packages, development)) await install(packages, development);
  });
  return true;
}

/**
 * Removes the installed engine packages that this choice does not name, so that no deployment takes a
 * device of theirs. Nothing but `berth setup` does so: others may have been installed for a reason.
 * @returns their names
 */
export async function removeOtherEngines(engine: EngineChoice, root: string = ROOT): Promise<string[]> {
  const wanted = enginePackages(inspectMachine(), engine);
  return withSetUpLock(lockFile(root), async () => {
    const others = installedEngines(root).filter((name) => !wanted.includes(name));
    for (const name of others) rmSync(join(root, "node_modules", name), { recursive: true });
    return others;
  });
}

/** Whether what every machine needs is there. */
function isInstalled(packages: Packages, development: boolean): boolean {
  return hasStamp(ROOT, development) && packages.direct(development).every((pin) => packages.has(pin));
}

/** What only this machine needs, and lacks. */
function missingHere(packages: Packages, development: boolean, engines: Pin[]): Pin[] {
  const native = development ? packages.nativeHalves(process.arch) : [];
  return [...engines, ...native].filter((pin) => !packages.has(pin));
}

/** Adds what is missing and removes nothing, so what a developer has installed besides stays. */
async function install(packages: Packages, development: boolean): Promise<void> {
  // Bun is asked anyway: what these need may be missing.
  if (!packages.direct(development).every((pin) => packages.has(pin)))
    console.error("Setting up Berth: installing packages …");
  await runBun(ROOT, "install", "--frozen-lockfile", ...leaveOut(development));
  writeStamp(ROOT, development);
}

/** Bun holds the package against its hash in bun.lock, like any other. */
async function installOne({ name, version }: Pin, development: boolean): Promise<void> {
  console.error(`Setting up Berth: installing ${name} …`);
  // --no-save: which of them are installed belongs to the machine, not to the project.
  await runBun(ROOT, "add", "--no-save", ...leaveOut(development), `${name}@${version}`);
}
