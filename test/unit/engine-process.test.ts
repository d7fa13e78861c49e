import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Generation, LoadedModel } from "../../src/engine/engine.ts";
import { LlamaEngine } from "../../src/engine/process.ts";
import type { WatchdogSettings } from "../../src/engine/watchdog.ts";
import { isAlive, loadHooks, loadSpec, textRequest, until } from "../support/engine-requests.ts";

const worker = join(import.meta.dir, "..", "support", "stub-worker.ts");
const never = new AbortController().signal;
const models: LoadedModel[] = [];

afterEach(async () => {
  await Promise.all(models.splice(0).map((model) => model.unload()));
});

function engine(watchdog: Partial<WatchdogSettings> = {}, unloadMs = 5000) {
  return new LlamaEngine({
    watchdog: {
      heartbeatTimeoutMs: 30_000,
      stepFactor: 20,
      stepFloorMs: 30_000,
      loadStallMs: 30_000,
      ...watchdog,
    },
    worker,
    unloadMs,
  });
}

async function load(name = "model", watchdog: Partial<WatchdogSettings> = {}, unloadMs?: number) {
  const model = await engine(watchdog, unloadMs).load(loadSpec({ name }), loadHooks());
  models.push(model);
  return model;
}

const pidOf = (model: LoadedModel) => model.info.pid ?? 0;

async function read({ pieces }: Generation) {
  let text = "";
  for (;;) {
    const step = await pieces.next();
    if (step.done) return { text, end: step.value };
    text += step.value.text;
  }
}

describe("loading", () => {
  test("passes on what the engine tells meanwhile", async () => {
    const told: unknown[] = [];
    const model = await engine().load(
      loadSpec(),
      loadHooks({
        onProgress: (fraction) => told.push(fraction),
        onTuned: (tuning) => told.push(tuning),
        onLog: (level, message) => told.push(`${level}: ${message}`),
      }),
    );
    models.push(model);
    await until(() => told.length === 4);
    expect(told).toContain(0.25);
    expect(told).toContainEqual({ decodeThreads: 1 });
    expect(told).toContain("warn: as asked");
    expect(told).toContain("debug: a line of output");
    expect(model.info).toMatchObject({ architecture: "stub", contextLength: 4096 });
  });

  test("that is refused fails with the loader's own error", async () => {
    await expect(load("refused")).rejects.toMatchObject({ status: 400, message: "It is no model" });
  });

  test("that crashes fails with the signal and the last words", async () => {
    const error = await load("crashes").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "engine_lost" });
    expect(String(error)).toContain("SIGABRT");
    expect(String(error)).toContain("GGML_ASSERT(weights != NULL) failed");
  });

  test("that stands still is ended", async () => {
    // Longer than a process takes to start on a busy machine, or it stands still at 0 %.
    const error = await load("stalls", { loadStallMs: 1500 }).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("stood still at 25 %");
  });

  test("that is aborted rejects with the reason when the process is gone", async () => {
    const controller = new AbortController();
    const spec = loadSpec({ name: "stalls" });
    const loading = engine().load(
      spec,
      loadHooks({
        signal: controller.signal,
        onProgress: () => controller.abort(new Error("changed my mind")),
      }),
    );
    await expect(loading).rejects.toThrow("changed my mind");
    await loading.catch(() => {});
    expect(await childrenOf(process.pid)).toEqual([]);
  });

  test("does not begin when it is aborted already", async () => {
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(engine().load(loadSpec(), loadHooks({ signal }))).rejects.toThrow("too late");
    expect(await childrenOf(process.pid)).toEqual([]);
  });

  test("of a worker that does not exist says so", async () => {
    const broken = new LlamaEngine({
      watchdog: { heartbeatTimeoutMs: 1000, stepFactor: 20, stepFloorMs: 1000, loadStallMs: 30_000 },
      worker: "/nowhere/worker.ts",
    });
    await expect(broken.load(loadSpec(), loadHooks())).rejects.toThrow(/exited with code 1.*nowhere/s);
  });
});

describe("a request", () => {
  test("brings its pieces in order and then the end", async () => {
    const model = await load();
    const generation = await model.generate(textRequest("stream", { maxTokens: 5 }), never);
    expect(generation.promptTokens).toBe(3);
    expect(await read(generation)).toEqual({
      text: "1 2 3 4 5 ",
      end: {
        finishReason: "stop",
        cachedTokens: 1,
        completionTokens: 5,
        timings: { queueMs: 1, prefillMs: 2, decodeMs: 3 },
      },
    });
  });

  test("loses no piece to a reader that comes late", async () => {
    const model = await load();
    const generation = await model.generate(textRequest("stream", { maxTokens: 4 }), never);
    await until(() => model.activity.busySlots === 0);
    expect((await read(generation)).text).toBe("1 2 3 4 ");
  });

  test("with the id of another one gets its own answer", async () => {
    const model = await load();
    const [first, second] = await Promise.all([
      model.generate(textRequest("stream", { maxTokens: 2 }), never),
      model.generate(textRequest("stream", { maxTokens: 4 }), never),
    ]);
    expect((await read(second)).text).toBe("1 2 3 4 ");
    expect((await read(first)).text).toBe("1 2 ");
  });

  test("is found in the log of the engine by the id that the client knows", async () => {
    const told: string[] = [];
    const hooks = loadHooks({ onLog: (_, message) => told.push(message) });
    const model = await engine().load(loadSpec(), hooks);
    models.push(model);
    await model.generate({ ...textRequest("log"), id: "chatcmpl-7" }, never);
    await until(() => told.some((message) => message.startsWith("request")));
    expect(told.join("\n")).toMatch(/request \d+ \(chatcmpl-7\) failed/);
  });

  test("that is refused, or breaks in a step, gets the error of the engine", async () => {
    const model = await load();
    await expect(model.generate(textRequest("refuse"), never)).rejects.toMatchObject({ status: 400 });
    const generation = await model.generate(textRequest("break"), never);
    await expect(read(generation)).rejects.toMatchObject({ status: 500, message: "Broken in a step" });
  });

  test.each(["never admit", "wait", "stream"])(
    "aborted while it does '%s' is cancelled at once",
    async (text) => {
      const model = await load();
      const controller = new AbortController();
      const outcome = model
        .generate(textRequest(text, { maxTokens: 1000 }), controller.signal)
        .then(read)
        .catch((error: unknown) => error);
      await Bun.sleep(20);
      controller.abort(new Error("gone"));
      expect(await outcome).toMatchObject({ message: "gone" });
      expect(await model.tokenize({ kind: "text", text: "which were cancelled" })).toEqual([1]);
    },
  );

  test("aborted before it begins never reaches the engine", async () => {
    const model = await load();
    const outcome = model.generate(textRequest("stream"), AbortSignal.abort(new Error("gone")));
    await expect(outcome).rejects.toThrow("gone");
    expect(await model.tokenize({ kind: "text", text: "" })).toEqual([]);
  });

  test("whose reader leaves early, or never begins to read, is cancelled", async () => {
    const model = await load();
    const left = await model.generate(textRequest("stream", { maxTokens: 1000 }), never);
    for await (const _ of left.pieces) break;
    const unread = await model.generate(textRequest("stream", { maxTokens: 1000 }), never);
    await unread.pieces.return(undefined as never);
    expect(await model.tokenize({ kind: "text", text: "" })).toEqual([1, 2]);
  });

  test("that is over is not cancelled by a late abort or return", async () => {
    const model = await load();
    const controller = new AbortController();
    const generation = await model.generate(textRequest("stream"), controller.signal);
    await read(generation);
    controller.abort();
    await generation.pieces.return(undefined as never);
    expect(await model.tokenize({ kind: "text", text: "" })).toEqual([]);
  });
});

describe("an engine that dies", () => {
  test("fails every request under way and every later one, and tells why", async () => {
    const model = await load();
    const reading = await model.generate(textRequest("wait"), never);
    const outcomes = [
      read(reading),
      model.generate(textRequest("never admit"), never),
      model.tokenize({ kind: "text", text: "die" }),
    ].map((outcome) => outcome.catch((error: unknown) => error));
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ code: "engine_lost", status: 503 });
    expect(await model.gone).toBe("exited with code 7");
    await expect(model.generate(textRequest("stream"), never)).rejects.toMatchObject({ code: "engine_lost" });
    await expect(model.tokenize({ kind: "text", text: "" })).rejects.toMatchObject({ code: "engine_lost" });
  });

  test("by kill -9 in the middle of a stream: what was decoded is read, then the error", async () => {
    const model = await load();
    const { pieces } = await model.generate(textRequest("stream", { maxTokens: 100_000 }), never);
    await pieces.next();
    process.kill(pidOf(model), "SIGKILL");
    const failing = (async () => {
      for await (const _ of pieces);
    })();
    await expect(failing).rejects.toMatchObject({ code: "engine_lost" });
    expect(await model.gone).toMatch(/SIGKILL.*out of memory/);
  });

  test("is unloaded without an error", async () => {
    const model = await load();
    process.kill(pidOf(model), "SIGKILL");
    await model.gone;
    await model.unload();
  });
});

describe("an engine that hangs", () => {
  test("with its JavaScript thread is ended", async () => {
    const model = await load("model", { heartbeatTimeoutMs: 1000 });
    const generation = await model.generate(textRequest("spin"), never);
    await expect(read(generation)).rejects.toMatchObject({ code: "engine_lost" });
    expect(await model.gone).toContain("no sign of life");
    expect(isAlive(pidOf(model))).toBe(false);
  });

  test("seems to, but answers while its heart has no time to beat, is not ended", async () => {
    const model = await load("model", { heartbeatTimeoutMs: 2000 });
    await model.generate(textRequest("silence"), never);
    const generation = await model.generate({ ...textRequest("stream"), maxTokens: 500 }, never);
    expect((await read(generation)).text).toEndWith("499 500 ");
    await model.unload();
  });

  test("because it was stopped is ended", async () => {
    const model = await load("model", { heartbeatTimeoutMs: 1000 });
    process.kill(pidOf(model), "SIGSTOP");
    expect(await model.gone).toContain("no sign of life");
    expect(isAlive(pidOf(model))).toBe(false);
  });

  test("in a step while its heart beats is ended", async () => {
    const model = await load("model", { stepFloorMs: 1000 });
    await model.generate(textRequest("long step"), never);
    expect(await model.gone).toMatch(/a step took 5.0 s where 0.0 s were expected/);
  });
});

describe("unloading", () => {
  test("ends the process, and what still runs fails with the reason given", async () => {
    const model = await load();
    const generation = await model.generate(textRequest("wait"), never);
    const outcome = read(generation).catch((error: unknown) => error);
    await model.unload(new Error("not needed any more"));
    expect(isAlive(pidOf(model))).toBe(false);
    expect(await outcome).toMatchObject({ message: "not needed any more" });
    expect(await model.gone).toBeNull();
    await expect(model.generate(textRequest("stream"), never)).rejects.toThrow("not needed any more");
  });

  test("of an engine that does not listen takes no longer than it may", async () => {
    const model = await load("stubborn", {}, 50);
    await model.unload();
    expect(isAlive(pidOf(model))).toBe(false);
    expect(await model.gone).toBeNull();
  });

  test("of a stopped engine works as well", async () => {
    const model = await load("model", {}, 50);
    process.kill(pidOf(model), "SIGSTOP");
    await model.unload();
    expect(isAlive(pidOf(model))).toBe(false);
  });
});

async function childrenOf(pid: number): Promise<string[]> {
  const text = await Bun.file(`/proc/${pid}/task/${pid}/children`).text();
  return text.split(" ").filter(Boolean);
}
