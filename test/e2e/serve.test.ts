import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { APIUserAbortError, NotFoundError } from "openai";
import { VERSION } from "../../src/version.ts";
import { BerthProcess, ROOT } from "../support/berth-process.ts";
import { caught } from "../support/inference.ts";

setDefaultTimeout(60_000);

let berth: BerthProcess;
beforeAll(async () => {
  berth = await BerthProcess.start();
}, 60_000);
afterAll(() => berth?.[Symbol.asyncDispose]());

const hello = { model: "guide", messages: [{ role: "user" as const, content: "Hello!" }] };

describe("the first start of a new user", () => {
  const withCurl = test.skipIf(Bun.which("curl") === null);

  test("prints the base URL, the model and calls to paste", () => {
    expect(berth.out).toContain(`${berth.url}/v1`);
    expect(berth.out).toContain("guide");
    expect(berth.out).toContain(`curl ${berth.url}/v1/chat/completions`);
    expect(berth.out).toContain("from openai import OpenAI");
    expect(berth.out).toContain('import OpenAI from "openai"');
    expect(berth.out).not.toContain("WARNING");
  });

  withCurl("prints a curl line that works as it is (needs curl)", async () => {
    const line = /^curl .*$/m.exec(berth.out)?.[0] ?? "";
    const child = Bun.spawn(["sh", "-c", `${line} --silent --show-error`], { stdout: "pipe" });
    const answer = JSON.parse(await new Response(child.stdout).text());
    expect(answer.choices[0].message.content).not.toBe("");
  });

  test("prints JavaScript that works as it is, and Python that starts its lines where Python wants them", async () => {
    const script = /^import OpenAI from "openai";$[^]*/m.exec(berth.out)?.[0] ?? "";
    const child = Bun.spawn([process.execPath, "-e", script], { cwd: ROOT, stdout: "pipe" });
    expect((await new Response(child.stdout).text()).trim()).not.toBe("");
    const python = /^from openai import OpenAI$[^]*?\n\n/m.exec(berth.out)?.[0] ?? "";
    expect(python.trim().split("\n")).toHaveLength(4);
    expect(python).not.toMatch(/^ /m);
  });

  test("keeps all state below the home", async () => {
    const state = await readdir(join(berth.home, ".berth"));
    expect(state).toContain("berth.db");
    // Where a person is told to put models.
    expect(state).toContain("models");
    // Bun keeps a cache of its own.
    expect((await readdir(berth.home)).filter((name) => name !== ".bun")).toEqual([".berth"]);
  });

  test("logs JSON lines to the standard error output alone", () => {
    const lines = berth.err.trim().split("\n");
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(messages).toContain("listening");
    expect(messages).toContain("model ready");
    expect(berth.out).not.toContain('"level"');
  });

  test("tells its version, its settings and where they come from", async () => {
    const root = await (await fetch(berth.url)).json();
    expect(root).toMatchObject({ version: VERSION });
    const config = await (await fetch(`${berth.url}/config`)).json();
    expect(config).toMatchObject({ port: 0, sources: { port: "API_PORT", host: "default" } });
  });

  test("describes the machine in its status", async () => {
    const status = await (await fetch(`${berth.url}/status`)).json();
    expect(status).toMatchObject({ model_name: "guide", is_loaded: true, is_loading: false });
    expect(status.system.memory.total).toBeGreaterThan(0);
    expect(status.system.cpu.usable).toBeGreaterThan(0);
  });

  test("answers health and readiness", async () => {
    for (const path of ["/health", "/readyz"]) expect((await fetch(berth.url + path)).status).toBe(200);
  });
});

describe("the openai client", () => {
  test("gets an answer, whole and streamed", async () => {
    const whole = await berth.client.chat.completions.create({ ...hello, temperature: 0 });
    const text = whole.choices[0]?.message.content ?? "";
    expect(text).not.toBe("");
    const stream = berth.client.chat.completions.stream({ ...hello, temperature: 0 });
    expect(await stream.finalContent()).toBe(text);
  });

  test("finds the model", async () => {
    expect((await berth.client.models.retrieve("guide")).id).toBe("guide");
    const ids = (await berth.client.models.list()).data.map(({ id }) => id);
    expect(ids).toContain("guide");
  });

  test("aborts a stream, and the server answers the next request", async () => {
    const request = { ...hello, max_tokens: 1500, ignore_eos: true };
    const stream = berth.client.chat.completions.stream(request);
    const ended = caught(stream.finalContent(), APIUserAbortError);
    stream.on("content", () => stream.abort());
    await ended;
    const answer = await berth.client.chat.completions.create({ ...hello, max_tokens: 4 });
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
  });

  test("gets an error as its own class, with the code", async () => {
    const request = berth.client.chat.completions.create({ ...hello, model: "no-such-model" });
    const error = await caught(request, NotFoundError);
    expect(error).toMatchObject({ status: 404, code: "model_not_found" });
  });
});

test("undeploying gives the engine's process back", async () => {
  await using other = await BerthProcess.start();
  expect(await other.enginePids()).toHaveLength(1);
  const answer = await fetch(`${other.url}/undeploy`, { method: "DELETE" });
  expect(answer.status).toBe(200);
  expect(await other.leavesEngines()).toBe(false);
});

test("a server that is to deploy nothing says so and waits for POST /deploy", async () => {
  await using other = await BerthProcess.start({ flags: ["--model", "none"] });
  expect(other.out).toContain("POST /deploy");
  expect((await fetch(`${other.url}/readyz`)).status).toBe(200);
});

test("a model that can not be deployed at start is told, and the server serves on", async () => {
  const flags = ["--model", "missing.gguf"];
  await using other = await BerthProcess.start({ flags, until: /could not be deployed/ });
  expect(other.out).toContain("There is no model 'missing.gguf'");
  expect((await fetch(`${other.url}/health`)).status).toBe(200);
  expect((await fetch(`${other.url}/readyz`)).status).toBe(503);
});
