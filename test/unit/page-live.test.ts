import { expect, test } from "bun:test";
import { Live, type EventStream, type LiveView, retryDelay } from "../../public/lib/live.ts";
import { needsStatus, withDeployment } from "../../public/lib/status-changes.ts";
import type { DeploymentStatus } from "../../src/schemas/deployment.ts";
import type { Statistics } from "../../src/schemas/event.ts";
import type { StatusAnswer } from "../../src/schemas/status.ts";

const deployment = (name: string, over: Partial<DeploymentStatus> = {}) =>
  ({ model_name: name, state: "ready", busy_slots: 0, queued: 0, ...over }) as DeploymentStatus;

const status = (...models: DeploymentStatus[]) =>
  ({
    model_name: models[0]?.model_name ?? null,
    models,
    system: { memory: { total: 8, used: 1 }, cpu: { usage_percent: 1 } },
  }) as StatusAnswer;

const STATISTICS: Statistics = {
  time: 0,
  requests: 0,
  busy_slots: 0,
  slots: 4,
  queued: 0,
  tokens_per_second: 0,
  first_token_ms: null,
  memory: { used: 2, total: 8 },
  cpu_percent: 40,
};

/** An event stream in the test's hands. */
class Stream implements EventStream {
  closed = false;
  readonly #listeners = new Map<string, (event: { data?: string }) => void>();

  addEventListener(name: string, listener: (event: { data?: string }) => void): void {
    this.#listeners.set(name, listener);
  }

  say(name: string, data?: unknown): void {
    this.#listeners.get(name)?.({ data: JSON.stringify(data) });
  }

  close(): void {
    this.closed = true;
  }
}

/** `Live` around a server that answers what `answer` says. */
function follow(options: { reopenMs?: number } = {}) {
  const state = { answer: status(deployment("a")) as StatusAnswer | Error, asked: 0 };
  const streams: Stream[] = [];
  const views: LiveView[] = [];
  const waiting = new Set<() => void>();
  const live = new Live({
    pollMs: 2,
    idleMs: 5,
    ...options,
    async fetchStatus() {
      state.asked++;
      if (state.answer instanceof Error) throw state.answer;
      return state.answer;
    },
    openEvents() {
      const stream = new Stream();
      streams.push(stream);
      return stream;
    },
    onChange(view) {
      views.push(view);
      for (const wake of waiting) wake();
    },
  });
  const until = async (wanted: (view: LiveView) => boolean): Promise<LiveView> => {
    for (;;) {
      const view = views.at(-1);
      if (view && wanted(view)) return view;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    }
  };
  live.refresh();
  return { live, state, streams, until, [Symbol.dispose]: () => live.stop() };
}

test("polls until the event stream speaks, then lives on it", async () => {
  using server = follow();
  await server.until(({ link }) => link === "polling");
  server.streams[0]?.say("snapshot", { models: [deployment("a"), deployment("b")] });
  const { status: heard } = await server.until(({ link }) => link === "live");
  expect(heard?.models.map((model) => model.model_name)).toEqual(["a", "b"]);
});

test("statistics move the machine's figures without a poll", async () => {
  using server = follow();
  await server.until(({ status: heard }) => heard !== null);
  server.streams[0]?.say("stats", STATISTICS);
  const { status: heard, statistics } = await server.until(({ link }) => link === "live");
  expect(heard?.system.memory).toMatchObject({ used: 2, available: 6, percent: 25 });
  expect(statistics?.cpu_percent).toBe(40);
});

test("says that the server is away, keeps what it last told, and recovers by itself", async () => {
  using server = follow();
  await server.until(({ link }) => link === "polling");
  server.state.answer = new Error("connection refused");
  server.streams[0]?.say("error");
  const away = await server.until(({ link }) => link === "away");
  expect(away.status?.model_name).toBe("a");
  expect(away.retryAt).toBeNumber();
  server.state.answer = status(deployment("back"));
  const back = await server.until(({ link }) => link === "polling");
  expect(back.status?.model_name).toBe("back");
  expect(server.streams.length).toBeGreaterThan(1);
});

test("goes on polling where no event stream gets through, and does not reopen it at every poll", async () => {
  using server = follow();
  await server.until(({ link }) => link === "polling");
  server.streams[0]?.say("error");
  const asked = server.state.asked;
  await server.until(() => server.state.asked > asked + 3);
  expect(server.streams).toHaveLength(1);
  expect(server.streams[0]?.closed).toBe(true);
});

test("a closed stream is not heard any more", async () => {
  using server = follow({ reopenMs: 0 });
  await server.until(({ link }) => link === "polling");
  const [first] = server.streams;
  first?.say("error");
  await server.until(() => server.streams.length === 2);
  first?.say("snapshot", { models: [deployment("ghost")] });
  const { status: heard } = await server.until(({ link }) => link === "polling");
  expect(heard?.models.map((model) => model.model_name)).toEqual(["a"]);
});

test("waits longer after every failure, but never longer than 15 seconds", () => {
  expect([1, 2, 3, 4, 5, 500].map((failures) => retryDelay(failures, 2000))).toEqual([
    2000, 4000, 8000, 15_000, 15_000, 15_000,
  ]);
});

test("a deployment event changes, adds or removes one deployment", () => {
  const before = status(deployment("a"), deployment("b"));
  const names = (changed: DeploymentStatus) =>
    withDeployment(before, changed)?.models.map((model) => `${model.model_name} ${model.state}`);
  expect(names(deployment("a", { state: "failed" }))).toEqual(["a failed", "b ready"]);
  expect(names(deployment("c", { state: "loading" }))).toEqual(["a ready", "b ready", "c loading"]);
  expect(names(deployment("b", { state: "stopped" }))).toEqual(["a ready"]);
});

test("asks for the status only when the totals moved away from what is shown, or tokens come", () => {
  const shown = status(deployment("a", { busy_slots: 1 }), deployment("b", { busy_slots: 2, queued: 1 }));
  expect(needsStatus(shown, { ...STATISTICS, busy_slots: 3, queued: 1 })).toBe(false);
  expect(needsStatus(shown, { ...STATISTICS, busy_slots: 2, queued: 1 })).toBe(true);
  const still = { ...STATISTICS, busy_slots: 3, queued: 1 };
  expect(needsStatus(shown, { ...still, tokens_per_second: 0.5 })).toBe(true);
});
