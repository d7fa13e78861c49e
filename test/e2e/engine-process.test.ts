import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadedModel } from "../../src/engine/engine.ts";
import { LlamaEngine } from "../../src/engine/process.ts";
import type { ModelManager } from "../../src/services/model-manager.ts";
import { testConfig } from "../support/config.ts";
import { loadHooks, loadSpec, textRequest } from "../support/engine-requests.ts";
import { hangThreads, mayHangThreads } from "../support/hang-threads.ts";
import { descendants, runs } from "../support/processes.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { testModels } from "../support/test-models.ts";
import { testManager } from "../support/test-manager.ts";

setDefaultTimeout(60_000);

const watchdog = { heartbeatTimeoutMs: 30_000, stepFactor: 100, stepFloorMs: 30_000, loadStallMs: 30_000 };
const never = new AbortController().signal;
const mayHang = await mayHangThreads();
const engine = new LlamaEngine({ watchdog });
const managers: ModelManager[] = [];
let home = "";
let path = "";

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "berth-engine-"));
  path = await writeRandomModel(join(home, "models", "tiny.gguf"));
});

afterEach(() => Promise.all(managers.splice(0).map((manager) => manager.close(0))));
afterAll(() => rm(home, { recursive: true, force: true }));

function manage(overrides: Partial<typeof watchdog> = {}): ModelManager {
  const settings = { ...watchdog, ...overrides };
  const config = testConfig(home, {
    drainMs: 20_000,
    watchdog: { ...settings, restarts: 5, restartWindowMs: 600_000 },
  });
  const { files } = testModels(config);
  const manager = testManager(new LlamaEngine({ watchdog: settings }), config, { files });
  managers.push(manager);
  return manager;
}

async function answer(model: LoadedModel, maxTokens = 8): Promise<string> {
  const { pieces } = await model.generate(textRequest("Once upon a time", { maxTokens }), never);
  let text = "";
  for await (const piece of pieces) text += piece.text;
  return text;
}

const pidOf = (manager: ModelManager) => manager.list()[0]?.pid ?? 0;

/** Waits for the model to be ready with another process than `before`. */
async function restarted(manager: ModelManager, before: number): Promise<void> {
  while (manager.current() === null || pidOf(manager) === before) await Bun.sleep(5);
}

describe("a model in its own process", () => {
  test("answers, and takes its process with it when it is unloaded", async () => {
    const model = await engine.load(loadSpec({ path }), loadHooks());
    const pid = model.info.pid ?? 0;
    expect(await runs(pid)).toBe(true);
    expect(await answer(model)).toBe(await answer(model));
    expect(model.activity.completionTokens).toBeGreaterThan(0);
    await model.unload();
    expect(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "no such process")).toBe(
      "no such process",
    );
    expect(await descendants(process.pid)).toEqual([]);
  });

  test("is gone at once when it is unloaded in the middle of an answer", async () => {
    const model = await engine.load(loadSpec({ path }), loadHooks());
    const { pieces } = await model.generate(textRequest("Once upon a time"), never);
    await pieces.next();
    const reading = (async () => {
      for await (const _ of pieces);
    })();
    const outcome = reading.catch((error: unknown) => error);
    await model.unload(new Error("enough"));
    expect(await outcome).toMatchObject({ message: "enough" });
    expect(await descendants(process.pid)).toEqual([]);
  });

  test.each([0, 20, 60, 120, 250])(
    "leaves nothing behind when its load is aborted after %d ms",
    async (ms) => {
      const controller = new AbortController();
      const loading = engine.load(loadSpec({ path }), loadHooks({ signal: controller.signal }));
      const outcome = loading.then((model) => model.unload()).catch((error: unknown) => error);
      await Bun.sleep(ms);
      const family = await descendants(process.pid);
      controller.abort(new Error("changed my mind"));
      // A load that was quicker than its abort is unloaded by whoever asked for it.
      expect([undefined, "changed my mind"]).toContain(((await outcome) as Error | undefined)?.message);
      expect(await descendants(process.pid)).toEqual([]);
      // What the engine itself had started, such as the library's test of its binary, ends with it.
      for (const pid of family) while (await runs(pid)) await Bun.sleep(5);
    },
  );
});

describe("a deployment", () => {
  test("whose engine is killed in the middle of a stream fails the request and starts again", async () => {
    const manager = manage();
    await manager.deploy({ model_name: "tiny", wait: true });
    const before = pidOf(manager);
    const lease = manager.acquire();
    const expected = await answer(lease.model);
    const { pieces } = await lease.model.generate(textRequest("Once upon a time"), never);
    await pieces.next();
    process.kill(before, "SIGKILL");
    const failing = (async () => {
      for await (const _ of pieces);
    })();
    await expect(failing).rejects.toMatchObject({ status: 503, code: "engine_lost" });
    lease.release();
    await restarted(manager, before);
    expect(manager.current()).toMatchObject({ restarts: 1, error: expect.stringContaining("SIGKILL") });
    const next = manager.acquire();
    expect(await answer(next.model)).toBe(expected);
    next.release();
  });

  test.skipIf(!mayHang)(
    "whose engine hangs in a step is judged by the step, killed and started again (skipped where ptrace is forbidden)",
    async () => {
      const manager = manage({ stepFactor: 2, stepFloorMs: 1500 });
      await manager.deploy({ model_name: "tiny", wait: true });
      const before = pidOf(manager);
      const lease = manager.acquire();
      const { pieces } = await lease.model.generate(
        textRequest("Once upon a time", { maxTokens: 400 }),
        never,
      );
      await pieces.next();
      await using _hung = await hangThreads(before);
      const failing = (async () => {
        for await (const _ of pieces);
      })();
      await expect(failing).rejects.toMatchObject({ status: 503, code: "engine_lost" });
      lease.release();
      await restarted(manager, before);
      expect(manager.current()).toMatchObject({ restarts: 1, error: expect.stringContaining("a step took") });
      const next = manager.acquire();
      expect(await answer(next.model)).not.toBe("");
      next.release();
    },
  );

  test("whose engine is stopped is judged by its heartbeat, killed and started again", async () => {
    const manager = manage({ heartbeatTimeoutMs: 1500 });
    await manager.deploy({ model_name: "tiny", wait: true });
    const before = pidOf(manager);
    process.kill(before, "SIGSTOP");
    await restarted(manager, before);
    expect(await runs(before)).toBe(false);
    expect(manager.current()?.error).toContain("no sign of life");
  });

  test("that is undeployed leaves no process, also while it loads", async () => {
    const manager = manage();
    await manager.deploy({ model_name: "tiny", wait: true });
    await manager.undeploy();
    expect(await descendants(process.pid)).toEqual([]);
    await manager.deploy({ model_name: "tiny" });
    await Bun.sleep(30);
    await manager.undeploy("tiny");
    expect(await descendants(process.pid)).toEqual([]);
    expect(manager.list()).toEqual([]);
  });

  test("on a device that is not there is refused at once, and nothing is deployed", async () => {
    const manager = manage();
    // No machine these tests run on has it, and the engine alone knows that.
    const device = process.platform === "darwin" ? "cuda" : "mps";
    const deploying = manager.deploy({ model_name: "tiny", device });
    await expect(deploying).rejects.toMatchObject({ status: 400, code: "device_unavailable" });
    expect(manager.list()).toEqual([]);
    expect(await descendants(process.pid)).toEqual([]);
  });

  test("asked for more context than the model was trained for is refused", async () => {
    const deploying = manage().deploy({ model_name: "tiny", context_length: 4096 });
    await expect(deploying).rejects.toMatchObject({ status: 400, param: "context_length" });
  });

  test.each([
    ["is no GGUF file", (file: string) => writeFile(file, "PK\u0003\u0004".repeat(500))],
    [
      "is truncated",
      async (file: string) => {
        await writeRandomModel(file);
        await truncate(file, 300_000);
      },
    ],
    [
      "has an unknown architecture",
      async (file: string) => {
        await writeRandomModel(file);
        const bytes = await readFile(file);
        // Every key and the value itself, at the same length.
        await writeFile(file, Buffer.from(bytes.toString("latin1").replaceAll("llama", "lamma"), "latin1"));
      },
    ],
  ])("of a file that %s fails with the reason and crashes nothing", async (_, write) => {
    const file = join(home, "models", "broken.gguf");
    await write(file);
    const manager = manage();
    expect(await manager.deploy({ model_name: "broken.gguf" })).toMatchObject({ status: "loading" });
    while (manager.list()[0]?.state === "loading") await Bun.sleep(5);
    const [status] = manager.list();
    expect(status).toMatchObject({ state: "failed", restarts: 0 });
    expect(status?.error?.length).toBeGreaterThan(10);
    expect(status?.error).not.toMatch(/undefined|TypeError|SIG/);
    expect(await descendants(process.pid)).toEqual([]);
    await rm(file);
    await manager.deploy({ model_name: "tiny", wait: true });
    expect(manager.current()?.model_name).toBe("tiny");
  });
});
