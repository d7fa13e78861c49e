import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createProgram } from "../../src/cli/program.ts";
import { berth } from "../support/berth-process.ts";
import { engineLost } from "../../src/errors.ts";
import { verb } from "../support/cli-client.ts";
import { eventually } from "../support/eventually.ts";
import { startServer, TEST_MODEL } from "../support/server.ts";

setDefaultTimeout(60_000);

/** Nothing listens on the discard port of loopback. */
const NOBODY = "http://127.0.0.1:9";

describe("a verb finds the server", () => {
  test("by its flag, which wins over BERTH_URL", async () => {
    await using server = await startServer();
    const { code, out } = await verb(NOBODY, ["status", "--url", server.url]);
    expect(out).toContain(TEST_MODEL);
    expect(code).toBe(0);
  });

  test("by the base URL that OpenAI clients are given", async () => {
    await using server = await startServer();
    expect((await verb(`${server.url}/v1`, ["ps"])).code).toBe(0);
  });

  test("by the settings that the server itself reads", async () => {
    await using server = await startServer();
    const { out } = await berth(["status"], { env: { API_PORT: String(server.port) } });
    expect(out).toContain(TEST_MODEL);
  });

  test("and shows the key in BERTH_API_KEY as a bearer token", async () => {
    await using server = await startServer();
    const shown: (string | null)[] = [];
    await using door = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async ({ url, headers }) => {
        shown.push(headers.get("authorization"));
        return Response.json(await (await fetch(server.url + new URL(url).pathname)).json());
      },
    });
    const env = { BERTH_URL: door.url.origin, BERTH_API_KEY: "sk-mine" };
    const { code, out } = await berth(["status"], { env });
    expect(out).toContain(TEST_MODEL);
    expect(code).toBe(0);
    expect(new Set(shown)).toEqual(new Set(["Bearer sk-mine"]));
  });

  test("on this machine, whatever proxy leads out of it", async () => {
    await using server = await startServer();
    for (const spared of ["", "example.com"]) {
      const env = { BERTH_URL: server.url, HTTP_PROXY: NOBODY, NO_PROXY: spared };
      expect(await berth(["status"], { env })).toMatchObject({ code: 0, err: "" });
    }
  });

  test("or says how to start one, with exit code 3", async () => {
    const { code, out, err } = await verb(NOBODY, ["status"]);
    expect(err).toContain(`No server answers at ${NOBODY}`);
    expect(err).toContain("berth serve");
    expect(err).toContain("--url");
    expect({ code, out }).toEqual({ code: 3, out: "" });
  });

  test("and refuses an address that is none", async () => {
    const { code, err } = await verb("ftp://somewhere", ["status"]);
    expect(err).toContain("'ftp://somewhere' is no address of a server");
    expect(code).toBe(1);
  });
});

describe("berth deploy", () => {
  test("waits until the model is ready, and tells on the error output", async () => {
    await using server = await startServer({ loadMs: 300 }, { deploy: null });
    const { code, out, err } = await verb(server.url, [
      "deploy",
      "mine",
      "--parallel",
      "2",
      "--device",
      "cpu",
    ]);
    expect(err).toContain("Loading mine");
    expect(err).toContain("mine is ready on cpu: 5 MiB, 2 slots");
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(server.manager.current()).toMatchObject({ model_name: "mine", slots: 2 });
  });

  test("ends when the model is ready, though its engine was lost before", async () => {
    await using server = await startServer({ loadError: engineLost("bad luck") }, { deploy: null });
    const deploying = verb(server.url, ["deploy", "mine"]);
    await eventually(() => (server.manager.list()[0]?.restarts ?? 0) > 0, "it is tried again", 20_000);
    server.engine.script.loadError = null;
    expect((await deploying).code).toBe(0);
  });

  test("ends when a model is ready that is to be unloaded at once", async () => {
    await using server = await startServer({}, { deploy: null });
    expect((await verb(server.url, ["deploy", "mine", "--ttl", "0"])).code).toBe(0);
  });

  test("hands every option on to the server", async () => {
    await using server = await startServer({}, { deploy: null });
    const words =
      "deploy --alias fast mine --alias best --ttl 30m --pinned --kv-cache-type q8_0 --flash-attention on";
    const sampling = [
      "--sampling",
      "temperature=0.2",
      "--sampling",
      "stop=THE END",
      "--sampling",
      "stop=###",
      "--system-prompt",
      "Be brief.",
    ];
    const { code } = await verb(server.url, [...words.split(" "), ...sampling]);
    expect(code).toBe(0);
    expect(server.manager.current()).toMatchObject({ aliases: ["fast", "best"], pinned: true, ttl: 1800 });
    expect(server.manager.current()?.options).toMatchObject({
      system_prompt: "Be brief.",
      sampling: { temperature: 0.2, stop: ["THE END", "###"] },
    });
    expect(server.engine.models[0]?.spec).toMatchObject({ kvCacheType: "q8_0", flashAttention: true });
  });

  test("takes an adapter's scale, also one below 0, for no part of its name", async () => {
    await using server = await startServer({}, { deploy: null });
    for (const scale of ["0.5", "-0.5", "1"]) {
      const { code, err } = await verb(server.url, ["deploy", "mine", "--lora", `style.gguf=${scale}`]);
      expect(err).toContain("'style.gguf'");
      expect(code).toBe(1);
    }
  });

  test("returns at once with --no-wait", async () => {
    await using server = await startServer({ loadMs: 60_000 }, { deploy: null });
    const { code, out } = await verb(server.url, ["deploy", "mine", "--no-wait", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ model_name: "mine", status: "loading" });
    expect(code).toBe(0);
  });

  test("fails with the reason that the load failed for", async () => {
    await using server = await startServer({ loadError: new Error("the file is damaged") }, { deploy: null });
    const { code, err } = await verb(server.url, ["deploy", "mine"]);
    expect(err).toContain("the file is damaged");
    expect(code).toBe(1);
  });

  test("tells a person what to do by command, not by endpoint", async () => {
    await using server = await startServer({ loadMs: 60_000 }, { deploy: null });
    const begun = await verb(server.url, ["deploy", "a model", "--no-wait"]);
    expect(begun.out).toContain("is being loaded: 'berth status' shows its progress");
    const again = await verb(server.url, ["deploy", "a model"]);
    expect(again.err).toContain("undeploy it first with 'berth undeploy \"a model\"'");
    expect((await verb(server.url, ["rm", "nothing.gguf"])).err).toContain("'berth list' lists them");
  });

  test("tells a program why it was refused, in the envelope of the API", async () => {
    await using server = await startServer();
    const { code, out, err } = await verb(server.url, ["deploy", TEST_MODEL, "--json"]);
    expect(JSON.parse(err)).toMatchObject({ error: { code: "already_deployed" } });
    expect({ code, out }).toEqual({ code: 1, out: "" });
  });

  test("only tells what a model would take with --estimate", async () => {
    await using server = await startServer({ weightBytes: 2e9 }, { deploy: null });
    const { code, out } = await verb(server.url, ["deploy", "mine", "--estimate", "--context-length", "512"]);
    for (const part of ["The model fits", "weights 1.9 GiB", "4 × 512 tokens", "tokens a second"])
      expect(out).toContain(part);
    expect(code).toBe(0);
    expect(server.manager.list()).toEqual([]);
  });

  test("ends with exit code 1 where --estimate tells that the model does not fit, as check does", async () => {
    await using server = await startServer({ weightBytes: 1e12 }, { deploy: null });
    const { code, out } = await verb(server.url, ["deploy", "mine", "--estimate", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ fits: "none" });
    expect(code).toBe(1);
  });

  test("is refused with the numbers for what does not fit, and goes on with --force", async () => {
    await using server = await startServer({ weightBytes: 1e12 }, { deploy: null });
    const words = ["deploy", "mine", "--context-length", "512"];
    const { code, err } = await verb(server.url, words);
    expect(err).toContain("does not fit into memory");
    expect(err).toContain("--force loads it all the same");
    expect(code).toBe(1);
    expect((await verb(server.url, [...words, "--force"])).code).toBe(0);
  });

  test.each([
    [["deploy"], "missing required argument 'model'"],
    [["deploy", "x", "--parallel", "none"], "whole number from 1 to 256"],
    [["deploy", "x", "--device", "tpu"], "Allowed choices"],
    [["deploy", "x", "y"], "too many arguments"],
  ])("is told what is wrong with %j", async (words, told) => {
    const { code, err } = await verb(NOBODY, words);
    expect(err).toContain(told);
    expect(code).toBe(1);
  });
});

test("berth recommend lists what suits the machine, the best first", async () => {
  await using server = await startServer({}, { deploy: null });
  const { code, out } = await verb(server.url, ["recommend", "--purpose", "code", "--limit", "2"]);
  expect(out).toMatch(/^MODEL +NAME TO DEPLOY +DOWNLOAD +MEMORY +RUNS IN +SPEED +LICENCE$/m);
  expect(out).toContain("5.6 GiB of memory");
  expect(out).toMatch(/^berth deploy \S+\/\S+ downloads and deploys the first\.$/m);
  expect(code).toBe(0);
  const rerank = await verb(server.url, ["recommend", "--purpose", "rerank"]);
  expect(rerank.out).toMatch(/^Note: this server has no endpoint for rerank yet/m);
  expect(rerank.out).not.toContain("downloads and deploys");
  const { out: json } = await verb(server.url, ["recommend", "--json"]);
  expect(JSON.parse(json)).toMatchObject({ purpose: "chat" });
  const { out: one } = await verb(server.url, ["recommend", "--json", "--limit", "1"]);
  expect(JSON.parse(one).recommendations).toHaveLength(1);
});

describe("berth check with a model", () => {
  test("tells the machine and whether the model fits", async () => {
    await using server = await startServer({ weightBytes: 2e9 }, { deploy: null });
    const { code, out } = await verb(server.url, ["check", "mine"]);
    for (const part of ["Engine cpu", "The model fits", "weights 1.9 GiB"]) expect(out).toContain(part);
    expect(code).toBe(0);
  });

  test("ends with exit code 1 when it does not, and 3 when nobody can judge it", async () => {
    await using server = await startServer({ weightBytes: 1e12 }, { deploy: null });
    const { code, out } = await verb(server.url, ["check", "mine", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ estimate: { fits: "none" } });
    expect(code).toBe(1);
    expect((await verb(NOBODY, ["check", "mine"])).code).toBe(3);
  });
});

test("berth show tells a model and its deployment", async () => {
  await using server = await startServer({}, { deploy: "guide" });
  const { code, out } = await verb(server.url, ["show", "guide"]);
  for (const part of ["Model", "guide", "Architecture", "Deployed", "as guide on cpu, ready"])
    expect(out).toContain(part);
  expect(code).toBe(0);
  const unknown = await verb(server.url, ["show", "nothing"]);
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("There is no model 'nothing'") });
});

test("berth undeploy takes the current model away, and fails when there is none", async () => {
  await using server = await startServer();
  expect(await verb(server.url, ["undeploy"])).toMatchObject({
    code: 0,
    out: `The model '${TEST_MODEL}' is undeployed\n`,
  });
  expect(await verb(server.url, ["undeploy"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("No model is deployed"),
  });
});

describe("berth status", () => {
  test("shows deployments and the machine to a person", async () => {
    await using server = await startServer();
    const { out } = await verb(server.url, ["status"]);
    expect(out).toMatch(/^MODEL +STATE +DEVICE +MEMORY +CONTEXT +SLOTS +QUEUE +LAST USED$/m);
    expect(out).toMatch(/^test-model +ready +cpu +5 MiB +2048 +0\/4 +0 +never$/m);
    expect(out).toContain("5.6 GiB free of 7.5 GiB");
  });

  test("shows a program what the API answers", async () => {
    await using server = await startServer();
    const { out } = await verb(server.url, ["ps", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ model_name: TEST_MODEL, models: [{ state: "ready" }] });
  });

  test("says what to do when nothing is deployed", async () => {
    await using server = await startServer({}, { deploy: null });
    expect((await verb(server.url, ["status"])).out).toContain("berth deploy guide");
  });
});

describe("berth logs", () => {
  const line = { time: 0, level: "info", message: "deploying", fields: { model: "mine" } } as const;

  /** What `berth logs` with these words has printed when it matches, on a server that writes the line again and again. */
  async function logs(words: string[], until: RegExp): Promise<string> {
    await using server = await startServer();
    const timer = setInterval(() => server.services.events.emit("log", line), 50);
    const { out } = await berth(["logs", "--url", server.url, ...words], { until });
    clearInterval(timer);
    return out;
  }

  test("shows lines as they are written, and ends when its reader has seen enough", async () => {
    const out = await logs([], /deploying model=mine/);
    expect(out).toMatch(/\d\d:\d\d:\d\d INFO {2}deploying model=mine/);
  });

  test("prints each as JSON for a program", async () => {
    const lines = (await logs(["--json"], /\n.*\n/)).split("\n").slice(0, 2);
    expect(lines.map((one) => JSON.parse(one))).toEqual([line, line]);
  });
});

describe("shell completion", () => {
  test.each([["bash"], ["zsh"], ["fish"], ["powershell"]])("has a script for %s", async (shell) => {
    const { code, out } = await berth(["complete", shell]);
    expect(out).toContain("berth");
    expect(code).toBe(0);
  });

  test("knows verbs and their options", async () => {
    expect((await berth(["complete", "--", "und"])).out).toContain("undeploy\t");
    expect((await berth(["complete", "--", "deploy", "--par"])).out).toContain("--parallel\t");
    expect((await berth(["complete", "--", "p"])).out).toMatch(/^ps\t/m);
    expect((await berth(["complete", "--", "ps", "--js"])).out).toContain("--json\t");
    expect((await berth(["complete", "--", "serve", "--pau"])).out).toContain("--pause-ms\tLongest pause");
  });

  test("says nothing of models where no server answers", async () => {
    const { code, out, err } = await verb(NOBODY, ["complete", "--", "deploy", ""]);
    expect({ code, out, err }).toEqual({ code: 0, out: ":4\n", err: "" });
  });

  test("tells how to switch it on", async () => {
    expect((await berth(["complete", "--help"])).out).toContain("source <(berth complete bash)");
  });
});

const program = createProgram();
const verbs = program.commands.filter(({ options }) => options.some(({ long }) => long === "--url"));

test.each(verbs.map((command) => [command.name(), command] as const))(
  "berth %s --help has examples and tells its options",
  (_name, command) => {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    for (const part of ["Examples:", "--url", "--json"]) expect(help).toContain(part);
  },
);

test("berth logs --help prints it", async () => {
  const { code, out } = await berth(["logs", "--help"]);
  expect(out).toContain("Examples:\n  $ berth logs");
  expect(code).toBe(0);
});
