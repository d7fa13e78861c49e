import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { APIError } from "openai";
import { BerthProcess, ROOT } from "../support/berth-process.ts";
import { eventually } from "../support/eventually.ts";
import { caught } from "../support/inference.ts";
import { descendants, engineProcesses, runs } from "../support/processes.ts";

setDefaultTimeout(60_000);

const hello = { model: "guide", messages: [{ role: "user" as const, content: "Hello!" }] };

interface Stream {
  /** Reads it to its end. @returns why it ended */
  finish(): Promise<string | null | undefined>;
}

/** A stream that has begun and has far to go, unless it is to be read to its end. */
async function longStream({ client }: BerthProcess, tokens = 1500): Promise<Stream> {
  const request = { ...hello, max_tokens: tokens, stream: true as const, ignore_eos: true };
  const stream = await client.chat.completions.create(request);
  const chunks = stream[Symbol.asyncIterator]();
  await chunks.next();
  return {
    async finish() {
      let reason: string | null | undefined;
      for (let step = await chunks.next(); !step.done; step = await chunks.next())
        reason = step.value.choices[0]?.finish_reason ?? reason;
      return reason;
    },
  };
}

/** Enough to be under way still when a signal comes, and not much to wait for. */
const SHORT = 200;

/** That a request was under way when the server was told to stop. */
const STOPPED_MEANWHILE = /"stopping: [^]*"request finished"/;

/** Of a server that needs no model: it starts sooner. */
const noModel = { BERTH_MODEL: "none" };

const refused = (berth: BerthProcess) =>
  fetch(`${berth.url}/health`).then(
    () => false,
    () => true,
  );

describe("SIGTERM", () => {
  test("lets a stream finish, takes no new connection, and ends with code 0 and no engine left", async () => {
    await using berth = await BerthProcess.start();
    const stream = await longStream(berth, SHORT);
    berth.kill("SIGTERM");
    await eventually(() => refused(berth), "new connections are refused");
    expect(await stream.finish()).toBe("length");
    expect(await berth.exited()).toBe(0);
    expect(berth.err).toMatch(STOPPED_MEANWHILE);
    expect(await berth.leavesEngines()).toBe(false);
    expect(berth.err).toContain('"msg":"stopped"');
  });

  test("cuts a stream that takes longer than the grace time, telling the client so", async () => {
    await using berth = await BerthProcess.start({ flags: ["--grace-ms", "0"] });
    const stream = await longStream(berth);
    berth.kill("SIGTERM");
    const ended = await caught(stream.finish(), APIError);
    expect(ended.code).toBe("shutting_down");
    expect(await berth.exited()).toBe(0);
    expect(await berth.leavesEngines()).toBe(false);
  });

  test("ends a server that somebody watches", async () => {
    await using berth = await BerthProcess.start({ env: noModel });
    const events = await fetch(`${berth.url}/events`);
    expect(events.status).toBe(200);
    berth.kill("SIGTERM");
    expect(await berth.exited()).toBe(0);
    await events.body?.cancel().catch(() => {});
  });

  test("during the load ends it, too", async () => {
    await using berth = await BerthProcess.start({ until: /loading …/ });
    let engines: number[] = [];
    const appears = async () => (engines = await engineProcesses(berth.child.pid)).length > 0;
    await eventually(appears, "an engine process begins", 20_000);
    // It does not get further than this, and does not end by itself.
    for (const pid of engines) process.kill(pid, "SIGSTOP");
    berth.kill("SIGTERM");
    expect(await berth.exited()).toBe(0);
    expect(berth.out).not.toContain("could not be deployed");
    expect(await someRun(engines)).toBe(false);
  });
});

test("a second signal ends at once", async () => {
  await using berth = await BerthProcess.start();
  // Work for far longer than this test waits.
  const request = { ...hello, max_tokens: 1900, ignore_eos: true };
  const cut = Array.from({ length: 16 }, () =>
    berth.client.chat.completions.create(request).catch(() => "cut"),
  );
  await longStream(berth);
  berth.kill("SIGTERM");
  await eventually(() => refused(berth), "the first signal was taken");
  // Sooner, it would count as the same one, sent by a launcher and a terminal.
  await Bun.sleep(600);
  berth.kill("SIGINT");
  expect(await berth.exited()).toBe(130);
  await eventually(async () => !(await berth.leavesEngines()), "the engine is gone");
  expect(await Promise.all(cut)).toContain("cut");
});

test.each([
  ["the server alone", undefined],
  ["bun run and the server", [process.execPath, "run", "berth", "serve"]],
])("a terminal's signal to the whole group, %s, lets a stream finish", async (_name, command) => {
  await using berth = await BerthProcess.start({ command, cwd: ROOT });
  const stream = await longStream(berth, SHORT);
  berth.kill("SIGINT", "group");
  expect(await stream.finish()).toBe("length");
  expect(await berth.exited()).toBe(0);
  expect(berth.err).toMatch(STOPPED_MEANWHILE);
  expect(await berth.leavesEngines()).toBe(false);
});

test("nohup is respected: a hang-up does not end the server", async () => {
  await using berth = await BerthProcess.start({
    command: ["sh", "-c", `trap "" HUP; exec "${process.execPath}" src/main.ts serve`],
    cwd: ROOT,
    env: noModel,
  });
  berth.kill("SIGHUP");
  await Bun.sleep(300);
  expect((await fetch(`${berth.url}/health`)).status).toBe(200);
});

test("a hang-up of the terminal ends the server in order", async () => {
  await using berth = await BerthProcess.start();
  berth.kill("SIGHUP");
  expect(await berth.exited()).toBe(0);
  expect(await berth.leavesEngines()).toBe(false);
});

test("a reader of its output that goes away does not end the server", async () => {
  await using berth = await BerthProcess.start({
    command: ["sh", "-c", `"${process.execPath}" src/main.ts serve 2>&1 | sed "/Web page/q"`],
    cwd: ROOT,
    until: /Web page/,
  });
  await eventually(async () => (await fetch(`${berth.url}/readyz`)).ok, "the model is ready", 20_000);
  const answer = await berth.client.chat.completions.create({ ...hello, max_tokens: 4 });
  expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
});

test.each(["idle", "busy"])("a server that is killed while %s leaves no engine behind", async (mode) => {
  await using berth = await BerthProcess.start();
  const stream = mode === "busy" ? await longStream(berth) : null;
  const ended = stream?.finish().catch(() => "cut");
  berth.kill("SIGKILL");
  await eventually(async () => !(await berth.leavesEngines()), "the engine is gone");
  await ended;
});

test("an engine that is killed is started again, and the server answers", async () => {
  await using berth = await BerthProcess.start();
  const [engine = 0] = await berth.enginePids();
  process.kill(engine, "SIGKILL");
  await eventually(async () => !(await runs(engine)), "the engine is gone");
  await eventually(
    async () => (await fetch(`${berth.url}/readyz`)).ok && !(await berth.enginePids()).includes(engine),
    "another engine is ready",
    20_000,
  );
  const answer = await berth.client.chat.completions.create({ ...hello, max_tokens: 4 });
  expect(answer.choices[0]?.message.content).not.toBe("");
});

describe("a launcher that dies alone", () => {
  const withNpm = test.skipIf(Bun.which("npm") === null);

  /** The server among the descendants of its launcher: the one that listens. */
  const start = (command: string[], env = {}) => BerthProcess.start({ command, cwd: ROOT, env });

  test("ends the server that bun run started", async () => {
    await using berth = await start([process.execPath, "run", "berth", "serve"]);
    const family = await descendants(berth.child.pid);
    expect(family.length).toBeGreaterThanOrEqual(2);
    berth.kill("SIGKILL");
    await eventually(async () => !(await someRun(family)), "server and engine are gone", 20_000);
  });

  withNpm("ends the server that npm started, after its streams (needs npm)", async () => {
    const command = ["npm", "exec", "--offline", "-c", `"${process.execPath}" run berth serve`];
    await using berth = await start(command);
    const family = await descendants(berth.child.pid);
    expect(family.length).toBeGreaterThanOrEqual(3);
    let stream: Stream | null = await longStream(berth, SHORT);
    berth.kill("SIGTERM");
    // It looks for npm now and then: one stream after another until it takes no more, and none is cut.
    for (; stream; stream = await longStream(berth, SHORT).catch(() => null))
      expect(await stream.finish()).toBe("length");
    await eventually(async () => !(await someRun(family)), "server and engine are gone", 20_000);
  });

  test("does not end a server that it was never to end: one started in the background by a shell", async () => {
    const command = ["sh", "-c", `"${process.execPath}" src/main.ts serve & echo "$!"; exec sleep 600`];
    await using berth = await start(command, noModel);
    const server = Number.parseInt(berth.out, 10);
    berth.kill("SIGKILL");
    await berth.child.exited;
    await Bun.sleep(1500);
    expect(await runs(server)).toBe(true);
    expect((await fetch(`${berth.url}/health`)).status).toBe(200);
  });
});

async function someRun(pids: number[]): Promise<boolean> {
  return (await Promise.all(pids.map(runs))).includes(true);
}
