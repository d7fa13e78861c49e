import { Value } from "@sinclair/typebox/value";
import { describe, expect, test } from "bun:test";
import { EventFeed } from "../../src/http/event-feed.ts";
import { DeploymentStatus } from "../../src/schemas/deployment.ts";
import { Statistics } from "../../src/schemas/event.ts";
import type { LogLine } from "../../src/services/events.ts";
import { StatisticsTicker } from "../../src/services/statistics.ts";
import { EventReader } from "../support/event-reader.ts";
import { eventually } from "../support/eventually.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startServer, type TestServer } from "../support/server.ts";

const line = (message: string): LogLine => ({ time: 1, level: "info", message, fields: {} });

const watch = async (server: TestServer) => new EventReader(await fetch(`${server.url}/events`));

describe("GET /events", () => {
  test("begins with every deployment, at once", async () => {
    await using server = await startServer();
    await using events = await watch(server);
    expect(await events.next()).toMatchObject({
      event: "snapshot",
      data: { models: [{ model_name: "test-model", state: "ready" }] },
    });
  });

  test("tells each change of a deployment, the last one too", async () => {
    await using server = await startServer({}, { deploy: null });
    await using events = await watch(server);
    await events.nextOf("snapshot");
    await server.manager.deploy({ model_name: "m" });
    const seen: DeploymentStatus[] = [];
    while (seen.at(-1)?.state !== "ready") seen.push((await events.nextOf("deployment")) as DeploymentStatus);
    for (const deployment of seen) expect([...Value.Errors(DeploymentStatus, deployment)]).toEqual([]);

    await server.manager.undeploy();
    let state = "ready";
    while (state !== "stopped") ({ state } = (await events.nextOf("deployment")) as DeploymentStatus);
  });

  test("tells log lines as they are written, the same to everybody", async () => {
    await using server = await startServer();
    await using one = await watch(server);
    await using other = await watch(server);
    await Promise.all([one.nextOf("snapshot"), other.nextOf("snapshot")]);
    server.services.events.emit("log", line("hello"));
    for (const events of [one, other])
      expect(await events.nextOf("log")).toEqual({ time: 1, level: "info", message: "hello", fields: {} });
  });

  test("tells the statistics, with the request that runs", async () => {
    await using server = await startServer({ prefillMs: 60_000 });
    await using events = await watch(server);
    const leave = new AbortController();
    const body = '{"prompt":"Hi"}';
    const answer = fetch(`${server.url}/query`, { method: "POST", body, signal: leave.signal }).catch(
      () => {},
    );
    await eventually(() => server.engine.models[0]?.activity.busySlots === 1, "the request runs");
    const statistics = await events.nextOf("stats");
    expect([...Value.Errors(Statistics, statistics)]).toEqual([]);
    expect(statistics).toMatchObject({ requests: 1, busy_slots: 1, slots: 4, queued: 0 });
    leave.abort();
    await answer;
  });

  test("listens no longer than somebody watches", async () => {
    await using server = await startServer();
    const { events } = server.services;
    const before = events.listeners;
    const socket = await RawSocket.open(server.port);
    socket.request("GET /events");
    await socket.until(/event: snapshot/);
    expect(events.listeners).toBe(before + 1);
    socket[Symbol.dispose]();
    await eventually(() => events.listeners === before, "nobody listens");
  });

  test("asked for by HEAD leaves nobody listening", async () => {
    await using server = await startServer();
    const before = server.services.events.listeners;
    expect((await fetch(`${server.url}/events`, { method: "HEAD" })).status).toBe(200);
    await eventually(() => server.services.events.listeners === before, "nobody listens");
  });
});

describe("a feed that is read too slowly", () => {
  const deployment = (name: string, progress: number) =>
    ({ model_name: name, state: "loading", progress }) as DeploymentStatus;
  const statistics = (requests: number) => ({ requests }) as Statistics;

  async function drain(feed: EventFeed) {
    feed.close();
    return Array.fromAsync(feed.read());
  }

  test("keeps the newest state of each deployment and of the statistics", async () => {
    const feed = new EventFeed();
    for (const progress of [0.1, 0.2, 0.3]) {
      feed.deployment(deployment("a", progress));
      feed.deployment(deployment("b", progress));
      feed.statistics(statistics(progress * 10));
    }
    expect(await drain(feed)).toEqual([
      { event: "deployment", data: deployment("a", 0.3) },
      { event: "deployment", data: deployment("b", 0.3) },
      { event: "stats", data: statistics(3) },
    ]);
  });

  test("keeps the newest log lines and says how many are missing", async () => {
    const feed = new EventFeed();
    for (let n = 0; n < 10_000; n++) feed.log(line(String(n)));
    const events = await drain(feed);
    expect(events).toHaveLength(501);
    expect(events[0]).toEqual({ event: "dropped", data: { lines: 9500 } });
    expect(events[1]).toMatchObject({ event: "log", data: { message: "9500" } });
    expect(events.at(-1)).toMatchObject({ event: "log", data: { message: "9999" } });
  });

  test("does not fill the server's memory", async () => {
    await using server = await startServer();
    using socket = await RawSocket.open(server.port);
    socket.request("GET /events");
    await socket.until(/event: snapshot/);
    socket.pause();
    const text = "x".repeat(100_000);
    for (let n = 0; n < 2000; n++) {
      server.services.events.emit("log", line(`${n} ${text}`));
      if (n % 100 === 0) await Bun.sleep(1);
    }
    socket.resume();
    expect(await socket.until(/event: dropped\ndata: \{"lines":\d+\}/)).toBeString();
  });
});

describe("the statistics", () => {
  const sources = (onSample = () => {}) => ({
    manager: { list: () => [] },
    requests: { statistics: () => ({ ...NOTHING }) },
    system: {
      status: async () => {
        onSample();
        throw new Error("no probe");
      },
    },
    intervalMs: 1,
  });
  const NOTHING = {
    running: 0,
    finished: 0,
    failed: 0,
    cancelled: 0,
    prompt_tokens: 0,
    cached_tokens: 0,
    completion_tokens: 0,
    tokens_per_second: 0,
    first_token_ms: null,
  };

  test("are taken only while somebody listens", () => {
    const ticker = new StatisticsTicker({ ...sources(), onError: () => {} });
    const ends = [ticker.subscribe(() => {}), ticker.subscribe(() => {})];
    ends[0]?.();
    ends[0]?.();
    expect(ticker.running).toBe(true);
    ends[1]?.();
    expect(ticker.running).toBe(false);
  });

  test("go on after a sample that could not be taken", async () => {
    let taken = 0;
    const errors: unknown[] = [];
    const ticker = new StatisticsTicker({
      ...sources(() => taken++),
      onError: (error) => errors.push(error),
    });
    const end = ticker.subscribe(() => {});
    await eventually(() => taken > 2 && errors.length > 2, "several samples failed");
    end();
  });
});
