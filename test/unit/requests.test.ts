import { describe, expect, test } from "bun:test";
import pino from "pino";
import type { GenerateRequest } from "../../src/engine/engine.ts";
import { modelNotFound } from "../../src/errors.ts";
import type { Lease } from "../../src/services/leases.ts";
import { NO_DEFAULTS } from "../../src/services/request-defaults.ts";
import { type RequestKind, RequestRegistry } from "../../src/services/requests.ts";
import type { Caller, RunningRequest } from "../../src/services/running-request.ts";
import { greedy } from "../../src/services/sampling.ts";
import { FakeEngine, FakeModel, type FakeScript } from "../support/fake-engine.ts";

const KIND: RequestKind = { prefix: "test-", endpoint: "/test", modelField: "model" };

describe("a request in flight", () => {
  test("is counted, logged once without its text, and gives the model back", async () => {
    const { requests, leases, lines, totals } = setUp({ pieces: ["secret", " answer"], cachedTokens: 1 });
    {
      using request = await requests.open(KIND, { model: "m" }, caller({ requestId: "req_1" }));
      await read(request, input("secret prompt"));
    }
    expect(leases()).toBe(0);
    expect(requests.list()).toEqual([]);
    expect(totals()).toEqual({ finished: 1, failed: 0, cancelled: 0 });
    expect(requests.statistics()).toMatchObject({
      running: 0,
      prompt_tokens: 2,
      cached_tokens: 1,
      completion_tokens: 2,
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      request: "req_1",
      id: expect.stringMatching(/^test-[0-9a-f]{32}$/),
      endpoint: "/test",
      model: "m",
      status: 200,
      prompt_tokens: 2,
      cached_tokens: 1,
      completion_tokens: 2,
      first_token_ms: expect.any(Number),
      ms: expect.any(Number),
      msg: "request finished",
    });
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  test("shows how far it is", async () => {
    const { requests } = setUp({ pieces: ["a", "b", "c"] });
    using request = await requests.open(KIND, { model: "m" }, caller({ requestId: "req_2" }));
    expect(requests.list()[0]).toMatchObject({
      id: request.id,
      request_id: "req_2",
      model: "m",
      endpoint: "/test",
      state: "queued",
      prompt_tokens: 0,
    });
    const { pieces } = await request.generate(input("one two three"));
    expect(requests.list()[0]).toMatchObject({ state: "prefill", prompt_tokens: 3 });
    await pieces.next();
    await pieces.next();
    expect(requests.list()[0]).toMatchObject({ state: "decoding", completion_tokens: 2 });
    expect(requests.statistics().running).toBe(1);
  });

  test("frees its slot when it is dropped between two pieces", async () => {
    const { requests, model, totals, lines, leases } = setUp({ pieces: ["a", "b"] });
    {
      using request = await requests.open(KIND, { model: "m" }, caller());
      const { pieces } = await request.generate(input("x"));
      await pieces.next();
    }
    await Bun.sleep(0);
    expect(model.activity.busySlots).toBe(0);
    expect(model.cancelled).toBe(1);
    expect(totals()).toEqual({ finished: 0, failed: 0, cancelled: 1 });
    expect(lines[0]).toMatchObject({ status: 499, code: "request_cancelled", msg: "request cancelled" });
    expect(leases()).toBe(0);
  });

  test("frees its slot when nothing of it was read", async () => {
    const { requests, model } = setUp();
    {
      using request = await requests.open(KIND, { model: "m" }, caller());
      await request.generate(input("x"));
      expect(model.activity.busySlots).toBe(1);
    }
    expect(model.activity.busySlots).toBe(0);
  });

  test("fails with request_cancelled when it is cancelled from outside, also before its first token", async () => {
    const { requests, totals } = setUp({ prefillMs: 60_000 });
    {
      using request = await requests.open(KIND, { model: "m" }, caller());
      const answer = read(request, input("x"));
      await Bun.sleep(1);
      requests.cancel(request.id);
      await expect(answer).rejects.toMatchObject({ status: 499, code: "request_cancelled" });
    }
    expect(totals().cancelled).toBe(1);
  });

  test("can not be cancelled when there is none of that id", () => {
    expect(() => setUp().requests.cancel("nobody")).toThrow(
      expect.objectContaining({ status: 404, code: "request_not_found" }),
    );
  });

  test("hides what the engine threw unless it was meant for clients", async () => {
    const broken = new Error("segmentation at 0xdeadbeef");
    const { requests, lines } = setUp({ failAt: { index: 0, error: broken } });
    {
      using request = await requests.open(KIND, { model: "m" }, caller());
      await expect(read(request, input("x"))).rejects.toMatchObject({
        status: 500,
        code: "engine_error",
        cause: broken,
      });
    }
    expect(lines[0]).toMatchObject({ status: 500, code: "engine_error", msg: "request failed", level: 40 });
  });

  test("tells the engine's answers apart by their ids", async () => {
    const { requests, model } = setUp();
    using request = await requests.open(KIND, { model: "m" }, caller());
    await read(request, input("x"));
    await read(request, input("y"));
    expect(model.requests.map(({ id }) => id)).toEqual([request.id, `${request.id}-1`]);
  });

  test("that is refused for want of a model is logged too", async () => {
    const { requests, lines } = setUp();
    const refused = requests.open(KIND, { model: "other" }, caller({ requestId: "req_3" }));
    await expect(refused).rejects.toThrow("not deployed");
    expect(lines[0]).toMatchObject({
      request: "req_3",
      model: "other",
      status: 404,
      code: "model_not_found",
      msg: "request refused",
    });
  });
});

function setUp(script: Partial<FakeScript> = {}) {
  const engine = new FakeEngine(script);
  const spec = { parallel: 4, contextLength: null, queueLimit: 8 };
  const model = new FakeModel(
    {
      ...spec,
      name: "m",
      path: "/m",
      device: "cpu",
      gpuLayers: null,
      memoryBudget: 1,
      threads: 1,
      pauseMs: 1,
      kvCacheType: "f16",
      flashAttention: "auto",
      loras: [],
      draft: null,
      tuning: null,
    },
    engine.script,
  );
  let leases = 0;
  const models = {
    async acquire(name?: string): Promise<Lease> {
      if (name !== "m") throw modelNotFound(name ?? "");
      leases++;
      return { name, model, defaults: NO_DEFAULTS, release: () => void leases-- };
    },
  };
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const requests = new RequestRegistry({ models, log });
  const totals = () => {
    const { finished, failed, cancelled } = requests.statistics();
    return { finished, failed, cancelled };
  };
  return { requests, model, lines, totals, leases: () => leases };
}

function caller(given: Partial<Caller> = {}): Caller {
  return { signal: new AbortController().signal, requestId: null, ...given };
}

function input(text: string): Omit<GenerateRequest, "id"> {
  return {
    prompt: { kind: "text", text },
    promptParam: "prompt",
    maxTokens: null,
    maxTotalTokens: null,
    sampling: greedy(),
    stop: [],
    ignoreEos: false,
  };
}

async function read(request: RunningRequest, what: Omit<GenerateRequest, "id">) {
  const { pieces } = await request.generate(what);
  let text = "";
  for await (const piece of pieces) text += piece.text;
  return text;
}
