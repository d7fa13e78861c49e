import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { FromWorker } from "../../src/engine/protocol.ts";
import { EngineProcess } from "../support/engine-process.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { generateRequest } from "../support/real-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
let engine: EngineProcess;

beforeAll(async () => {
  folder = await temporaryFolder();
  path = await writeRandomModel(join(folder.path, "random.gguf"), { contextLength: 1024 });
  engine = new EngineProcess();
  await engine.load({ path, parallel: 2, queueLimit: 1 });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** What the engine said of one request. */
const about = (id: string, since: number) =>
  engine.messages
    .slice(since)
    .filter(
      (message) =>
        ("id" in message && message.id === id) ||
        (message.type === "step" && message.outputs.some((output) => output.id === id)),
    );

describe("an engine process", () => {
  test("admits a request, sends its tokens as they come, and ends it with counts and times", async () => {
    const since = engine.messages.length;
    const outputs = await engine.generate(generateRequest("r1", { maxTokens: 6 }));
    if (!Array.isArray(outputs)) throw new Error(outputs.error.message);
    const [first, ...rest] = about("r1", since);
    expect(first).toEqual({ type: "admitted", id: "r1", promptTokens: expect.any(Number) });
    expect(rest.every(({ type }) => type === "step")).toBe(true);
    expect(outputs.map(({ tokens }) => tokens)).toEqual([1, 1, 1, 1, 1, 1]);
    const end = outputs.at(-1)!.end!;
    expect(end).toMatchObject({ finishReason: "length", completionTokens: 6, cachedTokens: 0 });
    expect(end.prefillMs).toBeGreaterThan(0);
    expect(end.decodeMs).toBeGreaterThan(0);
  });

  test("puts what a step brings to all requests into one message", async () => {
    const since = engine.messages.length;
    // Long enough to be under way however late the other one comes.
    engine.send({ type: "generate", id: "r2", request: generateRequest("r2", { maxTokens: 900 }) });
    expect(await engine.generate(generateRequest("r3", { maxTokens: 20 }))).toBeArray();
    engine.send({ type: "cancel", id: "r2" });
    const messages = about("r3", since).filter((message) => message.type === "step");
    for (const { outputs } of messages) {
      const [of2, of3] = ["r2", "r3"].map((id) => outputs.filter((output) => output.id === id).length);
      // Several steps may share one; where the other one began, there may be more of the first.
      expect(of2).toBeGreaterThanOrEqual(of3!);
    }
  });

  test("lets go of a cancelled request, and takes no notice of an unknown one", async () => {
    const since = engine.messages.length;
    engine.send({ type: "generate", id: "r4", request: generateRequest("r4", { maxTokens: 900 }) });
    await engine.receive("step", ({ outputs }) => outputs.some(({ id }) => id === "r4"), since);
    engine.send({ type: "cancel", id: "r4" });
    engine.send({ type: "cancel", id: "nobody" });
    await engine.receive("heartbeat", ({ activity }) => activity.busySlots === 0, engine.messages.length);
    const outputs = about("r4", since).flatMap((message) => (message.type === "step" ? message.outputs : []));
    expect(outputs.filter(({ id, end }) => id === "r4" && end)).toEqual([]);
    expect(await engine.generate(generateRequest("r5"))).toBeArray();
  });

  test("refuses with the error the server passes on", async () => {
    const prompt = { kind: "tokens" as const, tokens: Array<number>(2000).fill(65) };
    expect(await engine.generate(generateRequest("r6", { prompt }))).toMatchObject({
      type: "error",
      error: { status: 400, code: "context_length_exceeded", param: "messages" },
    });
  });

  test("refuses what goes beyond slots and queue, and answers the others", async () => {
    const ids = ["q1", "q2", "q3", "q4"];
    const answers = await Promise.all(
      ids.map((id) => engine.generate(generateRequest(id, { maxTokens: 100 }))),
    );
    expect(answers.map((answer) => (Array.isArray(answer) ? "ok" : answer.error.code))).toEqual([
      "ok",
      "ok",
      "ok",
      "queue_full",
    ]);
  });

  test("turns text into tokens and back", async () => {
    engine.send({ type: "tokenize", id: "t1", prompt: { kind: "text", text: "<|im_start|> sea 日" } });
    const { tokens } = await engine.receive("tokens", ({ id }) => id === "t1");
    engine.send({ type: "detokenize", id: "t2", tokens });
    const { texts } = await engine.receive("texts", ({ id }) => id === "t2");
    expect(texts).toHaveLength(tokens.length);
    expect(texts[0]).toBe("<|im_start|>");
    engine.send({ type: "detokenize", id: "t3", tokens: [99_999] });
    const { error } = await engine.receive("error", ({ id }) => id === "t3");
    expect(error).toMatchObject({ status: 400, param: "tokens" });
  });

  test("keeps beating while it evaluates, and tells of the step under way", async () => {
    const since = engine.messages.length;
    const prompt = { kind: "tokens" as const, tokens: Array<number>(900).fill(65) };
    const request = (id: string) => generateRequest(id, { prompt, maxTokens: 100 });
    let over = false;
    const working = (async () => {
      for (let count = 0; !over; count++) await engine.generate(request(`r7-${count}`));
    })();
    const { step, activity } = await engine.receive("heartbeat", (beat) => beat.step !== null, since);
    over = true;
    expect(step).toEqual({ ageMs: expect.any(Number), expectedMs: expect.any(Number) });
    expect(step!.expectedMs).toBeGreaterThan(0);
    expect(activity.decodes).toBeGreaterThan(0);
    await working;
  });
});

test("an engine process measures its decode threads when it is quiet, once", async () => {
  await using other = new EngineProcess();
  await other.load({ path, threads: 2, tuning: null });
  await other.generate(generateRequest("r"));
  const { tuning } = await other.receive("tuned");
  expect([1, 2]).toContain(tuning.decodeThreads);
  await other.generate(generateRequest("again"));
  await Bun.sleep(400);
  expect(other.messages.filter(({ type }: FromWorker) => type === "tuned")).toHaveLength(1);
}, 30_000);

describe("an engine process ends", () => {
  test("not by the signals a terminal sends to the whole group", async () => {
    await using other = new EngineProcess();
    await other.load({ path });
    other.child.kill("SIGINT");
    other.child.kill("SIGTERM");
    expect(await other.generate(generateRequest("r"))).toBeArray();
  });

  test("with code 0 when it is told to unload, in the middle of an answer too", async () => {
    await using other = new EngineProcess();
    await other.load({ path });
    other.send({ type: "generate", id: "r", request: generateRequest("r", { maxTokens: 900 }) });
    await other.receive("step");
    other.send({ type: "unload" });
    expect(await other.child.exited).toBe(0);
  });

  test("when the server lets go of the channel", async () => {
    await using other = new EngineProcess();
    await other.load({ path });
    other.child.disconnect();
    expect(await other.child.exited).toBe(0);
  });
});
