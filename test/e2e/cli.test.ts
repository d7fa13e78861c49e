import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createProgram } from "../../src/cli/program.ts";
import { ALL_SETTINGS } from "../../src/config/settings.ts";
import { VERSION } from "../../src/version.ts";
import { berth, BerthProcess } from "../support/berth-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(60_000);

test.each([["version"], ["--version"], ["-v"]])("berth %s prints the version alone", async (word) => {
  expect(await berth([word])).toEqual({ code: 0, out: `${VERSION}\n`, err: "" });
});

test.each([["--help"], ["serve --help"]])(
  "berth %s tells every setting by flag and variable",
  async (words) => {
    const { code, out } = await berth(words.split(" "));
    expect(code).toBe(0);
    for (const { flag, env } of ALL_SETTINGS) {
      expect(out).toContain(`--${flag} `);
      expect(out).toContain(env);
    }
    expect(out).toContain("BERTH_CONFIG");
    expect(out.match(/^ *--config <path>/gm)).toHaveLength(1);
  },
);

test("berth --help shows the commands and examples", async () => {
  const { out } = await berth(["--help"]);
  for (const word of ["serve", "check", "setup", "version", "Examples:"]) expect(out).toContain(word);
});

const verbs = createProgram()
  .commands.map((command) => command.name())
  .filter((verb) => verb !== "complete");

test.each(verbs)("berth %s --help shows examples", (verb) => {
  const command = createProgram().commands.find((one) => one.name() === verb);
  let help = "";
  command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  expect(help).toMatch(/Examples:\n {2}\$ berth/);
});

describe("berth check", () => {
  test("waits for tools that are slow to answer, as on a busy machine", async () => {
    await using slow = await temporaryFolder();
    for (const tool of ["df", "lscpu"]) {
      const script = `#!/bin/sh\nsleep 1\nexec ${Bun.which(tool)} "$@"\n`;
      await writeFile(join(slow.path, tool), script, { mode: 0o755 });
    }
    const { out } = await berth(["check"], { env: { PATH: `${slow.path}:${process.env["PATH"]}` } });
    expect(out).toMatch(/Disk +[\d.]+ \S+ free/);
    expect(out).not.toMatch(/CPU +unknown/);
  });

  test("tells a person memory, CPU, disk, GPU and engines", async () => {
    const { code, out } = await berth(["check"]);
    for (const label of ["Memory", "CPU", "Disk", "GPU", "Engine cpu", "Engine cuda", "Engine vulkan"])
      expect(out).toContain(label);
    expect(out).toContain("Models can run here.");
    expect(code).toBe(0);
  });

  test("asks the server that has the same settings about a model", async () => {
    const { code, err } = await berth(["check", "guide", "--host", "127.0.0.2", "--port", "9"]);
    expect(err).toContain("http://127.0.0.2:9");
    // That nobody listens there.
    expect(code).toBe(3);
  });

  test("tells a program the same as JSON", async () => {
    const { code, out } = await berth(["check", "--json"]);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ version: VERSION, engines: { cpu: { usable: true } }, problems: [] });
    expect(report.system.memory.total).toBeGreaterThan(0);
    for (const { usable, missing } of Object.values<{ usable: boolean; missing: string[] }>(report.engines))
      expect(missing.length === 0).toBe(usable);
    expect(code).toBe(0);
  });
});

describe("what is wrong is told, with exit code 1", () => {
  test("every mistake of the configuration at once", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "berth.yaml"), "paralel: 2\n");
    const { code, out, err } = await berth(["serve", "--pause-ms", "soon"], {
      env: { API_PORT: "99999", LOG_LEVEL: "loud" },
      cwd: folder.path,
    });
    for (const part of ["--pause-ms", "API_PORT", "LOG_LEVEL", "paralel", "did you mean parallel?"])
      expect(err).toContain(part);
    expect(err).not.toContain("    at ");
    expect({ code, out }).toEqual({ code: 1, out: "" });
  });

  test.each([
    ["serv", "did you mean serve?"],
    ["--prot 80", "unknown option '--prot'\n(Did you mean --port?)"],
    ["--port 80 check", "berth check"],
    ["--port", "argument missing"],
    ["setup rocm", "Allowed choices"],
  ])("berth %s", async (words, told) => {
    const { code, err } = await berth(words.split(" "));
    expect(err).toContain(told);
    expect(err).toContain("berth --help");
    expect(code).toBe(1);
  });

  test("a port that another server has", async () => {
    await using first = await BerthProcess.start({ flags: ["--model", "none"] });
    const { code, out, err } = await berth(["--port", String(first.port)]);
    expect(err).toContain(`Port ${first.port} on 127.0.0.1 is in use`);
    expect(err).toContain("--port");
    expect(err).not.toContain("    at ");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect((await fetch(`${first.url}/health`)).status).toBe(200);
  });

  test.each(["192.0.2.1", "256.1.1.1", "::zz"])("%s, which is no address of this machine", async (host) => {
    const { code, err } = await berth(["--host", host, "--port", "0"]);
    expect(err).toContain(`${host} is no address of this machine`);
    expect(err).not.toContain("    at ");
    expect(code).toBe(1);
  });
});

describe("berth serve --json says on its standard output, one object a line,", () => {
  const notices = ({ out }: BerthProcess) =>
    out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  test("where it listens, and when the model is ready", async () => {
    await using server = await BerthProcess.start({ flags: ["--json"], until: /"ready"/ });
    const { url } = server;
    expect(notices(server)).toEqual([
      { event: "listening", url, openai_base: `${url}/v1`, version: VERSION, model: "guide", exposed: false },
      { event: "ready", model: "guide" },
    ]);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test("why the model is not there", async () => {
    const flags = ["--json", "--model", "missing.gguf"];
    await using server = await BerthProcess.start({ flags, until: /"failed"/ });
    expect(notices(server)).toMatchObject([
      { event: "listening", model: "missing.gguf" },
      { event: "failed", model: "missing.gguf", error: { code: "model_not_found" } },
    ]);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

describe("what is probably wrong is told, and the server starts", () => {
  test("a variable of ours that is no setting", async () => {
    await using server = await BerthProcess.start({
      flags: ["--model", "none"],
      env: { BERTH_PARALEL: "2" },
      until: /Model/,
    });
    server.kill("SIGTERM");
    expect(await server.exited()).toBe(0);
    expect(server.err).toContain("did you mean BERTH_PARALLEL?");
  });

  test("an address that other machines reach, while there are no keys", async () => {
    await using server = await BerthProcess.start({ flags: ["--model", "none", "--host", "0.0.0.0"] });
    expect(server.url).toStartWith("http://127.0.0.1:");
    server.kill("SIGTERM");
    await server.exited();
    expect(server.out).toContain("WARNING: listening on 0.0.0.0");
    expect(server.err).toContain("no API keys");
  });
});
