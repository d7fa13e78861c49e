import { expect, test } from "bun:test";
import { RestartPolicy } from "../../src/services/restart-policy.ts";

const limits = { restarts: 5, restartWindowMs: 600_000 };

test("each restart waits twice as long as the one before, and after the last one it is given up", () => {
  const policy = new RestartPolicy(limits, 500);
  const delays = Array.from({ length: 7 }, (_, crash) => policy.next(crash * 1000));
  expect(delays).toEqual([500, 1000, 2000, 4000, 8000, null, null]);
  expect(policy.count).toBe(5);
});

test("no restart waits longer than half a minute", () => {
  const policy = new RestartPolicy({ restarts: 100, restartWindowMs: 1e9 }, 500);
  expect(Math.max(...Array.from({ length: 50 }, () => policy.next(0) ?? 0))).toBe(30_000);
});

test("restarts longer ago than the window are forgotten", () => {
  const policy = new RestartPolicy(limits, 500);
  for (let crash = 0; crash < 5; crash++) policy.next(crash * 100_000);
  expect(policy.next(599_999)).toBeNull();
  expect(policy.next(600_000)).toBe(8000);
  expect(policy.next(5_000_000)).toBe(500);
  expect(policy.count).toBe(7);
});

test("none at all may be wanted", () => {
  expect(new RestartPolicy({ ...limits, restarts: 0 }, 500).next(0)).toBeNull();
});
