import { describe, expect, test } from "bun:test";
import type { Activity } from "../../src/engine/engine.ts";
import { statesOf } from "../../src/services/request-states.ts";
import type { Run } from "../../src/services/running-request.ts";

describe("the state of a request", () => {
  test("is decoding from the first token on", () => {
    expect(statesOf([request(engine(0), "decoding"), request(engine(0), "admitted")])).toEqual([
      "decoding",
      "prefill",
    ]);
  });

  test("is queued for the youngest, as many as the engine says wait", () => {
    const busy = engine(2);
    const requests = [
      request(busy, "decoding"),
      request(busy, "admitted"),
      request(busy, "admitted"),
      request(busy, "admitted"),
    ];
    expect(statesOf(requests)).toEqual(["decoding", "prefill", "queued", "queued"]);
  });

  test("is queued before the engine has taken it", () => {
    expect(statesOf([request(engine(0), "asked"), request(engine(0))])).toEqual(["queued", "queued"]);
  });

  test("does not mix the queues of two models", () => {
    expect(statesOf([request(engine(0), "admitted"), request(engine(1), "admitted")])).toEqual([
      "prefill",
      "queued",
    ]);
  });

  test("is that of its most advanced answer", () => {
    const busy = engine(1);
    expect(statesOf([request(busy, "admitted", "admitted")])).toEqual(["prefill"]);
    expect(statesOf([request(busy, "ended", "admitted")])).toEqual(["decoding"]);
  });

  test("bears a count of waiting requests that is out of date", () => {
    expect(statesOf([request(engine(9), "admitted")])).toEqual(["queued"]);
  });
});

function engine(queued: number) {
  const activity: Activity = {
    busySlots: 0,
    queued,
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    decodes: 0,
  };
  return { activity };
}

function request(on: ReturnType<typeof engine>, ...states: Run["state"][]) {
  const runs = states.map((state) => ({ state, promptTokens: 1, cachedTokens: 0, completionTokens: 0 }));
  return { engine: on, runs };
}
