import { describe, expect, test } from "bun:test";
import { statesOf } from "../../src/services/request-states.ts";
import type { Run } from "../../src/services/running-request.ts";

describe("the state of a request", () => {
  test("is decoding from the first token on", () => {
    const engine = withSlots(4);
    expect(statesOf([request(engine, "decoding"), request(engine, "admitted")])).toEqual([
      "decoding",
      "prefill",
    ]);
  });

  test("is queued for those that came when all slots were taken", () => {
    const engine = withSlots(2);
    const requests = [
      request(engine, "decoding"),
      request(engine, "admitted"),
      request(engine, "admitted"),
      request(engine, "admitted"),
    ];
    expect(statesOf(requests)).toEqual(["decoding", "prefill", "queued", "queued"]);
  });

  test("is queued before the engine has taken it", () => {
    const engine = withSlots(4);
    expect(statesOf([request(engine, "asked"), request(engine)])).toEqual(["queued", "queued"]);
  });

  test("does not mix the slots of two models", () => {
    const [one, other] = [withSlots(1), withSlots(1)];
    expect(
      statesOf([request(one, "admitted"), request(other, "admitted"), request(one, "admitted")]),
    ).toEqual(["prefill", "prefill", "queued"]);
  });

  test("is that of its most advanced answer", () => {
    expect(statesOf([request(withSlots(1), "admitted", "admitted")])).toEqual(["prefill"]);
    expect(statesOf([request(withSlots(1), "ended", "admitted")])).toEqual(["decoding"]);
  });

  test("bears more answers than slots, as after a step that has just ended", () => {
    const engine = withSlots(1);
    const requests = [request(engine, "decoding"), request(engine, "decoding"), request(engine, "admitted")];
    expect(statesOf(requests)).toEqual(["decoding", "decoding", "queued"]);
  });
});

function withSlots(slots: number) {
  return { info: { slots } };
}

function request(engine: ReturnType<typeof withSlots>, ...states: Run["state"][]) {
  const runs = states.map((state) => ({ state, promptTokens: 1, cachedTokens: 0, completionTokens: 0 }));
  return { engine, runs };
}
