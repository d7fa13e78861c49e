import { expect, test } from "bun:test";
import { RecentMean } from "../../src/services/recent-mean.ts";

test("the mean is that of the last seconds, and nothing when nothing was measured", () => {
  let now = 0;
  const recent = new RecentMean(() => now, 5000);
  expect(recent.mean()).toBeNull();
  recent.add(100);
  now = 3000;
  recent.add(300);
  expect(recent.mean()).toBe(200);
  now = 5000;
  expect(recent.mean()).toBe(300);
  now = 8000;
  expect(recent.mean()).toBeNull();
});
