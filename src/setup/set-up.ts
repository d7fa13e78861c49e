import { readEngineChoice } from "./engine-choice.ts";
import { type EngineChoice, enginePackages } from "./engine-packages.ts";
import { inspectMachine } from "./machine.ts";
import {
  directPackages,
  engineVersion,
  isInstalled,
  manifest,
  nativeHalves,
  type Pin,
  ROOT,
} from "./packages.ts";
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

/**
 * Installs what package.json and the lockfile name, and the engine packages of this machine, where
 * they are not there yet. Says what it does on standard error, and nothing when there is nothing to do.
 * @throws Error with what a person can do about it
 */
export async function setUp({ development, engine = readEngineChoice() }: SetUpOptions): Promise<void> {
  checkBunVersion();
  const version = engineVersion();
  const engines = enginePackages(inspectMachine(), engine).map((name) => ({ name, version }));
  if (isReady(development, engines)) return;
  await withSetUpLock(ROOT, async () => {
    // Another start may have done it meanwhile.
    if (isReady(development, engines)) return;
    if (!directPackages(development).every(isInstalled)) {
      console.error("Setting up Berth: installing packages …");
      // Engines come one by one below: all of them together are ten times what one machine needs.
      await bun("install", "--frozen-lockfile", "--omit=optional", ...(development ? [] : ["--omit=dev"]));
    }
    const missing = [...engines, ...(development ? nativeHalves(process.arch) : [])].filter(
      (pin) => !isInstalled(pin),
    );
    for (const { name, version } of missing) {
      console.error(`Setting up Berth: installing ${name} …`);
      // --no-save: which of them are installed belongs to the machine, not to the project.
      await bun("add", "--no-save", "--omit=optional", `${name}@${version}`);
    }
  });
}

function isReady(development: boolean, engines: Pin[]): boolean {
  const wanted = [...directPackages(development), ...engines];
  return wanted.every(isInstalled) && (!development || nativeHalves(process.arch).every(isInstalled));
}

function checkBunVersion(): void {
  const wanted = manifest().packageManager.replace("bun@", "");
  if (Bun.semver.order(Bun.version, wanted) < 0)
    throw new Error(
      `Berth needs Bun ${wanted}, and this is ${Bun.version}: run 'npx -y bun@${wanted} start'`,
    );
}

async function bun(...args: string[]): Promise<void> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if (code === 0) return;
  throw new Error(
    `'bun ${args.join(" ")}' failed with exit code ${code}:\n${`${out}\n${err}`.trim()}\n` +
      "Packages are installed once, and that needs the npm registry: check the network or the proxy, then try again.",
  );
}
