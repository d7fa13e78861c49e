import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, type ConfigInput, loadConfig } from "../../src/config.ts";
import { ALL_SETTINGS } from "../../src/config/settings.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** A working directory of its own, with a `berth.yaml` when there is text for one. */
async function directory(yaml?: string): Promise<string> {
  const path = join(folder.path, crypto.randomUUID());
  await mkdir(path);
  if (yaml !== undefined) await writeFile(join(path, "berth.yaml"), yaml);
  return path;
}

/** As a user without any settings has it, but for `input`. */
function load(input: ConfigInput) {
  return loadConfig({ directory: folder.path, ...input, env: { HOME: folder.path, ...input.env } });
}

function problemsOf(input: ConfigInput): readonly string[] {
  try {
    load(input);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("where a value comes from", () => {
  test("nothing set gives the documented defaults, below the user's home", () => {
    const { config, file, warnings } = load({});
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 8000,
      logLevel: "info",
      home: join(folder.path, ".berth"),
      modelsDir: join(folder.path, ".berth", "models"),
      model: "guide",
      contextLength: null,
      parallel: 4,
      pauseMs: 500,
      bodyLimit: 16_000_000,
      allowedHosts: [],
      watchdog: { restarts: 5, restartWindowMs: 600_000 },
    });
    expect(new Set(Object.values(config.sources ?? {}))).toEqual(new Set(["default"]));
    expect({ file, warnings }).toEqual({ file: null, warnings: [] });
  });

  test("a flag wins over the environment, that over the file, that over the default", async () => {
    const cwd = await directory("port: 1003\nparallel: 3\nqueue_limit: 3\n");
    const { config, file } = load({
      directory: cwd,
      flags: { port: "1001" },
      env: { API_PORT: "1002", BERTH_PARALLEL: "2" },
    });
    expect(config).toMatchObject({ port: 1001, parallel: 2, queueLimit: 3, host: "127.0.0.1" });
    expect(config.sources).toMatchObject({
      port: "--port",
      parallel: "BERTH_PARALLEL",
      queueLimit: join(cwd, "berth.yaml"),
      host: "default",
    });
    expect(file).toBe(join(cwd, "berth.yaml"));
  });

  test("the file of the working directory is read, else the one of the home", async () => {
    const home = await directory("port: 2001");
    const cwd = await directory("port: 2002");
    expect(load({ directory: cwd, env: { BERTH_HOME: home } }).config.port).toBe(2002);
    expect(load({ directory: await directory(), env: { BERTH_HOME: home } }).config.port).toBe(2001);
  });

  test("a file that is named is read in place of the others, and has to exist", async () => {
    const named = join(await directory("port: 2003"), "berth.yaml");
    const cwd = await directory("port: 2004");
    expect(load({ directory: cwd, file: named }).config.port).toBe(2003);
    expect(load({ directory: cwd, env: { BERTH_CONFIG: named } }).config.port).toBe(2003);
    expect(problemsOf({ directory: cwd, file: "nowhere.yaml" })).toEqual([
      "nowhere.yaml: there is no such file",
    ]);
    expect(problemsOf({ directory: cwd, file: cwd })).toEqual([`${cwd}: is a folder: name the file in it`]);
  });

  test("an empty variable and an empty key set nothing", async () => {
    const cwd = await directory("# nothing yet\nparallel:\ncontext_length:\n");
    expect(load({ directory: cwd, env: { API_PORT: "" } }).config).toMatchObject({ port: 8000, parallel: 4 });
    expect(load({ directory: await directory("# only a comment\n") }).config.port).toBe(8000);
  });

  test("paths start where they are written", async () => {
    const cwd = await directory("models_dir: ./weights");
    expect(load({ directory: cwd }).config.modelsDir).toBe(join(cwd, "weights"));
    expect(load({ directory: cwd, flags: { "models-dir": "here" } }).config.modelsDir).toBe(
      join(cwd, "here"),
    );
    expect(load({ directory: cwd, flags: { "models-dir": "~/there" } }).config.modelsDir).toBe(
      join(folder.path, "there"),
    );
    const home = await directory(`home: ${cwd}/state`);
    expect(load({ directory: home }).config.modelsDir).toBe(join(cwd, "state", "models"));
  });
});

describe("how values are written", () => {
  test.each([
    [{ LOG_LEVEL: "WARNING" }, { logLevel: "warn" }],
    [{ LOG_LEVEL: "Debug" }, { logLevel: "debug" }],
    [{ BERTH_DEVICE: "mps" }, { device: "metal" }],
    [{ BERTH_MODEL: "none" }, { model: null }],
    [{ BERTH_CONTEXT_LENGTH: "auto" }, { contextLength: null }],
    [{ BERTH_GPU_LAYERS: "0" }, { gpuLayers: 0 }],
    [{ BERTH_BODY_LIMIT: "2048" }, { bodyLimit: 2048 }],
    [{ BERTH_BODY_LIMIT: "1.5MB" }, { bodyLimit: 1_500_000 }],
    [{ BERTH_BODY_LIMIT: "16 MiB" }, { bodyLimit: 16 * 1024 ** 2 }],
    [{ BERTH_BODY_LIMIT: "1g" }, { bodyLimit: 1024 ** 3 }],
    [{ BERTH_PAUSE_MS: "250" }, { pauseMs: 250 }],
    [{ BERTH_GRACE_MS: "90s" }, { graceMs: 90_000 }],
    [{ BERTH_DRAIN_MS: "2min" }, { drainMs: 120_000 }],
    [{ BERTH_MODEL_DIRS: "/a, b" }, { modelDirs: ["/a", expect.stringMatching(/^\/.*\/b$/)] }],
    [{ BERTH_ALIASES: "a=user/x:Q8_0, b = c=d" }, { aliases: { a: "user/x:Q8_0", b: "c=d" } }],
    [{ HF_ENDPOINT: "https://mirror.example/hf/" }, { hubEndpoint: "https://mirror.example/hf" }],
    [{ HF_HOME: "auto" }, { hubHome: null }],
    [{ BERTH_ALLOWED_HOSTS: "a.example, b.example ," }, { allowedHosts: ["a.example", "b.example"] }],
  ])("%o", (env, expected) => {
    expect(load({ env }).config).toMatchObject(expected);
  });

  test("keys and groups without a value, as if they were not there", async () => {
    const { config } = load({ directory: await directory("port:\nwatchdog:\n  # restarts: 3\n") });
    expect(config.watchdog).toEqual(load({}).config.watchdog);
    expect(config.port).toBe(load({}).config.port);
  });

  test("the home in whose name a pattern could be read", () => {
    const home = join(folder.path, "a$&b");
    expect(load({ env: { BERTH_HOME: home } }).config.modelsDir).toBe(join(home, "models"));
  });

  test("YAML lists, numbers and groups", async () => {
    const cwd = await directory(
      "allowed_origins:\n  - https://a.example\n  - https://b.example\nbody_limit: 16MB\nmodel_dirs: [sub]\naliases:\n  fast: user/repo:Q4_0\nwatchdog:\n  step_factor: 7.5\n  restarts: 0\n",
    );
    const { config } = load({ directory: cwd });
    expect(config.allowedOrigins).toEqual(["https://a.example", "https://b.example"]);
    expect(config.modelDirs).toEqual([join(cwd, "sub")]);
    expect(config.aliases).toEqual({ fast: "user/repo:Q4_0" });
    expect(config.watchdog).toMatchObject({ stepFactor: 7.5, restarts: 0 });
  });
});

describe("mistakes", () => {
  test("are named all at once, each with its place", async () => {
    const cwd = await directory(
      "prot: 1\nrestarts: 3\nparallel: 0\ndevice: tpu\nwatchdog: 3\ncontext_length: 1.5\n",
    );
    const yaml = join(cwd, "berth.yaml");
    expect(
      problemsOf({
        directory: cwd,
        flags: { "pause-ms": "soon" },
        env: { API_PORT: "99999", LOG_LEVEL: "loud", BERTH_BODY_LIMIT: "12 parsecs" },
      }),
    ).toEqual([
      `${yaml}: prot: there is no such setting, did you mean port?`,
      `${yaml}: restarts: there is no such setting, did you mean watchdog.restarts?`,
      `${yaml}: watchdog: must be a mapping`,
      "API_PORT: must be a whole number from 0 to 65535, not 99999",
      "LOG_LEVEL: must be one of trace, debug, info, warn, error",
      `${yaml}: device: must be one of auto, cpu, cuda, vulkan, metal`,
      `${yaml}: context_length: must be a whole number, or 'auto'`,
      `${yaml}: parallel: must be a whole number from 1 to 256, not 0`,
      "--pause-ms: must be a time such as 500ms, 30s or 10min (plain: milliseconds)",
      "BERTH_BODY_LIMIT: must be a size such as 16MB or a number of bytes",
    ]);
  });

  test.each([
    ["API_PORT", "80x"],
    ["API_PORT", "-1"],
    ["API_PORT", "1e3"],
    ["BERTH_PARALLEL", "2.5"],
    ["BERTH_STEP_FACTOR", "fast"],
    ["BERTH_GRACE_MS", "-5s"],
    // No timer waits so long: it would end at once.
    ["BERTH_GRACE_MS", "1000h"],
    ["API_HOST", " "],
    ["BERTH_HOME", " "],
    ["BERTH_THREADS", "0"],
    ["BERTH_ALIASES", "fast"],
    ["BERTH_ALIASES", "fast="],
    ["HF_ENDPOINT", "huggingface.co"],
    ["HF_ENDPOINT", "https://me:secret@mirror.example"],
  ])("%s=%s is one", (name, value) => {
    expect(problemsOf({ env: { [name]: value } })).toHaveLength(1);
  });

  test.each([["host"], ["model"], ["home"]])("an empty --%s is one", (flag) => {
    expect(problemsOf({ flags: { [flag]: "" } })[0]).toContain(`--${flag}: must be`);
  });

  test.each([
    ["host: ''", "host: must be"],
    ["allowed_hosts:\n  berth.example: yes", "allowed_hosts: must be a list of words"],
    ["model_dirs:\n  more: models", "model_dirs: must be a list of words"],
  ])("a value of the file that is no such value is one: %j", async (content, told) => {
    expect(problemsOf({ directory: await directory(content) })[0]).toContain(told);
  });

  test.each([
    ["host: 127.0.0.1\n  port: 80\n", "line 1, column 7"],
    ["port: [80\nhost: x\n", "line 2, column 1"],
    ["port: 80\nport: 81\n", "Map keys must be unique at line 2, column 1"],
    ["port: !number 80\n", "Unresolved tag: !number at line 1, column 7"],
    ["port: *other\n", "other"],
    ["port: 80\n---\nport: 81\n", "line 2, column 1"],
  ])("a file that is not what its writer thinks is, with the place: %j", async (content, told) => {
    const [problem] = problemsOf({ directory: await directory(content) });
    expect(problem).toContain(told);
    expect(problem).not.toContain("\n");
  });

  test("every mistake of a file's form is told", async () => {
    expect(problemsOf({ directory: await directory("port: 1\nport: 2\nport: 3\n") })).toHaveLength(2);
  });

  test("a file that is no mapping is one", async () => {
    expect(problemsOf({ directory: await directory("- a\n- b\n") })[0]).toContain("must be a mapping");
  });

  test("a variable of ours that is no setting is a warning", () => {
    const { warnings } = load({ env: { BERTH_PAUZE_MS: "1", BERTH_CONFIG: "", PATH: "/bin" } });
    expect(warnings).toEqual([
      "The environment variable BERTH_PAUZE_MS is no setting: did you mean BERTH_PAUSE_MS?",
    ]);
  });
});

test("the configuration can not be changed", () => {
  const { config } = load({});
  expect(() => Object.assign(config, { port: 1 })).toThrow();
  expect(() => Object.assign(config.watchdog, { restarts: 1 })).toThrow();
});

test("no two settings share a name, and every default is what its own kind accepts", () => {
  for (const name of ["env", "flag", "yaml", "key"] as const)
    expect(new Set(ALL_SETTINGS.map((setting) => setting[name])).size).toBe(ALL_SETTINGS.length);
  expect(problemsOf({})).toEqual([]);
});
