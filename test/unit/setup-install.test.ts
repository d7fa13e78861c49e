import { describe, expect, spyOn, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { advice, runBun } from "../../src/setup/bun.ts";
import { checkBunVersion } from "../../src/setup/bun-version.ts";
import { hasStamp, writeStamp } from "../../src/setup/install-stamp.ts";
import { Packages } from "../../src/setup/packages.ts";
import { removeOtherEngines } from "../../src/setup/set-up.ts";
import { withSetUpLock } from "../../src/setup/set-up-lock.ts";
import { plainEnvironment } from "../support/plain-environment.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = join(import.meta.dir, "..", "..");

test.each(["src/start.ts", "test/run.ts"])("%s needs no package until set-up is done", async (entry) => {
  expect([...(await staticImports(join(ROOT, entry)))]).toEqual([]);
});

/** The packages that a file needs before its first line runs, and all files it needs likewise. */
async function staticImports(file: string, seen = new Set<string>()): Promise<Set<string>> {
  const packages = new Set<string>();
  seen.add(file);
  const found = new Bun.Transpiler({ loader: "ts" }).scanImports(await Bun.file(file).text());
  for (const { path } of found.filter(({ kind }) => kind === "import-statement")) {
    const target = join(dirname(file), path);
    if (!path.startsWith(".")) {
      if (!/^(node:|bun:|bun$)/.test(path)) packages.add(path);
    } else if (!seen.has(target)) {
      for (const name of await staticImports(target, seen)) packages.add(name);
    }
  }
  return packages;
}

describe("the packages of the project", () => {
  const packages = new Packages(ROOT);

  test("are pinned to exact versions", () => {
    expect(packages.direct(true).filter(({ version }) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    expect(packages.bunVersion).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("of development hold those of a start", () => {
    expect(packages.direct(true)).toEqual(expect.arrayContaining(packages.direct(false)));
    expect(packages.direct(false).map(({ name }) => name)).not.toContain("knip");
  });

  test("are there only in their own version", () => {
    const version = packages.engineVersion;
    expect(packages.has({ name: "node-llama-cpp", version })).toBe(true);
    expect(packages.has({ name: "node-llama-cpp", version: "3.0.0" })).toBe(false);
    expect(packages.has({ name: "no-such-package", version })).toBe(false);
  });

  test.each(["x64", "arm64"])("have one native half per tool on %s", (arch) => {
    const halves = packages.nativeHalves(arch).map(({ name }) => name);
    expect(halves).toHaveLength(4);
    expect(halves.every((name) => name.includes(`linux-${arch}`) && !name.includes("musl"))).toBe(true);
  });
});

test("choosing an engine removes those that were not chosen, and nothing else", async () => {
  await using folder = await temporaryFolder();
  const modules = join(folder.path, "node_modules");
  const cpu = `@node-llama-cpp/linux-${process.arch}`;
  for (const name of [cpu, `${cpu}-cuda`, `${cpu}-vulkan`, "node-llama-cpp"])
    await Bun.write(join(modules, name, "package.json"), "{}");
  expect((await removeOtherEngines("cpu", folder.path)).toSorted()).toEqual([`${cpu}-cuda`, `${cpu}-vulkan`]);
  expect(readdirSync(join(modules, "@node-llama-cpp"))).toEqual([basename(cpu)]);
  expect(readdirSync(modules)).toContain("node-llama-cpp");
});

describe("the stamp of an installation", () => {
  async function project() {
    const folder = await temporaryFolder();
    mkdirSync(join(folder.path, "node_modules"));
    await Bun.write(join(folder.path, "bun.lock"), "one");
    return folder;
  }

  test("is missing before, and holds for a start once development is installed", async () => {
    await using folder = await project();
    expect(hasStamp(folder.path, false)).toBe(false);
    writeStamp(folder.path, false);
    expect([hasStamp(folder.path, false), hasStamp(folder.path, true)]).toEqual([true, false]);
    writeStamp(folder.path, true);
    expect([hasStamp(folder.path, false), hasStamp(folder.path, true)]).toEqual([true, true]);
  });

  test("does not hold for another bun.lock", async () => {
    await using folder = await project();
    writeStamp(folder.path, true);
    await Bun.write(join(folder.path, "bun.lock"), "two");
    expect(hasStamp(folder.path, true)).toBe(false);
  });
});

describe("the lock of set-up", () => {
  test("lets one at a time work", async () => {
    await using folder = await temporaryFolder();
    using said = spyOn(console, "error").mockImplementation(() => {});
    const path = join(folder.path, "node_modules", "lock");
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(`${name} begins`);
      await Bun.sleep(20);
      order.push(`${name} ends`);
    };
    await Promise.all([withSetUpLock(path, work("a")), withSetUpLock(path, work("b"))]);
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
    expect(said).toHaveBeenCalledTimes(1);
  });

  test("is free again after a failure, and after its owner was killed", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "lock");
    await expect(withSetUpLock(path, () => Promise.reject(new Error("no")))).rejects.toThrow("no");

    const module = join(ROOT, "src/setup/set-up-lock.ts");
    const program = `const { withSetUpLock } = await import(${JSON.stringify(module)});
      await withSetUpLock(${JSON.stringify(path)}, async () => { console.log("held"); await Bun.sleep(60_000); });`;
    const owner = Bun.spawn([process.execPath, "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await owner.stdout.getReader().read();
    owner.kill("SIGKILL");
    await owner.exited;
    expect(await withSetUpLock(path, () => Promise.resolve("mine"))).toBe("mine");
  });

  test("that the drive can not give keeps nobody waiting", async () => {
    await using folder = await temporaryFolder();
    using said = spyOn(console, "error").mockImplementation(() => {});
    const path = join(folder.path, "lock");
    expect(
      await withSetUpLock(
        path,
        () => Promise.resolve("done"),
        () => false,
      ),
    ).toBe("done");
    expect(said.mock.calls.join()).toContain("a drive without locks");
    expect(readdirSync(folder.path)).toEqual(["lock"]);
  });

  test("that can not be written says what to do", async () => {
    await using folder = await temporaryFolder();
    await Bun.write(join(folder.path, "file"), "");
    const path = join(folder.path, "file", "lock");
    await expect(withSetUpLock(path, () => Promise.resolve())).rejects.toThrow("as the owner");
  });
});

describe("an installation that fails", () => {
  test("tells what was run and what it said", async () => {
    await using folder = await temporaryFolder();
    await Bun.write(join(folder.path, "package.json"), "{ not json");
    await expect(runBun(folder.path, "install", "--frozen-lockfile")).rejects.toThrow(
      /^'bun install --frozen-lockfile' failed with exit code 1:[^]+package\.json/,
    );
  });

  test("is told in few lines", async () => {
    await using folder = await temporaryFolder();
    await Bun.write(
      join(folder.path, "noise.ts"),
      "for (let i = 0; i < 200; i++) console.log('line', i); process.exit(7);",
    );
    const error = await runBun(folder.path, "noise.ts").catch((reason: unknown) => reason);
    expect(String(error)).toContain("line 7\n… and 192 lines more");
    expect(String(error)).not.toContain("line 8\n");
  });

  test.each([
    ["error: ConnectionRefused downloading package manifest elysia", "check the network"],
    ["error: Integrity check failed for tarball: pino", "not the one that bun.lock names"],
    ["error: SELF_SIGNED_CERT_IN_CHAIN downloading tarball pino", "NODE_EXTRA_CA_CERTS"],
    ["error: UNABLE_TO_GET_ISSUER_CERT_LOCALLY downloading tarball pino", "NODE_EXTRA_CA_CERTS"],
    ["error: CERT_HAS_EXPIRED downloading tarball pino", "NODE_EXTRA_CA_CERTS"],
    ["error: ENOSPC: no space left on device", "disk is full"],
    ["error: EACCES: Permission denied while installing", "as the owner"],
  ])("is explained: %s", (said, what) => {
    expect(advice(said)).toContain(what);
  });
});

test("a start with a wrong configuration installs nothing, and tells every mistake at once", async () => {
  const start = Bun.spawn(["bun", join(ROOT, "src/start.ts")], {
    env: { ...process.env, BERTH_ENGINE: "rocm", API_PORT: "abc", LOG_LEVEL: "loud" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const err = await new Response(start.stderr).text();
  expect(await start.exited).toBe(1);
  for (const setting of ["BERTH_ENGINE", "API_PORT", "LOG_LEVEL"]) expect(err).toContain(setting);
  expect(err).not.toContain("Installing");
});

test("a first start with a berth.yaml installs what reading it takes, and says when that can not be had", async () => {
  await using folder = await temporaryFolder();
  for (const name of ["package.json", "bun.lock", "src"])
    cpSync(join(ROOT, name), join(folder.path, name), { recursive: true });
  // As a first installation leaves it that failed.
  mkdirSync(join(folder.path, "node_modules"));
  await Bun.write(join(folder.path, "berth.yaml"), "port: 8001\n");
  const start = Bun.spawn([process.execPath, "src/start.ts"], {
    cwd: folder.path,
    env: {
      ...plainEnvironment(),
      HOME: folder.path,
      // Nothing listens on the discard port.
      npm_config_registry: "http://127.0.0.1:9",
      BUN_INSTALL_CACHE_DIR: join(folder.path, "cache"),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const err = await new Response(start.stderr).text();
  expect(await start.exited).toBe(1);
  expect(err).toContain("installing packages");
  expect(err).toContain("check the network");
  expect(err).not.toContain("Cannot find module");
});

test("what is installed runs no scripts of its own", async () => {
  // Bun trusts some packages by itself, one that reports every installation among them.
  expect(await Bun.file(join(ROOT, "package.json")).json()).toMatchObject({ trustedDependencies: [] });
});

describe("the version of Bun", () => {
  test("that is too old is refused with a command that works", () => {
    expect(() => checkBunVersion("1.4.5", "1.2.20")).toThrow("npx -y bun@1.4.5 start");
  });

  test("that is the right one is not mentioned, a newer one in one line", () => {
    using said = spyOn(console, "error").mockImplementation(() => {});
    checkBunVersion("1.4.5", "1.4.5");
    expect(said).not.toHaveBeenCalled();
    checkBunVersion("1.4.5", "1.5.0");
    expect(said).toHaveBeenCalledTimes(1);
  });
});
