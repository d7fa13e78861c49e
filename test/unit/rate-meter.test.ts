import { expect, test } from "bun:test";
import { RateMeter } from "../../src/services/rate-meter.ts";

test("the rate is that of the last three full seconds", () => {
  let now = 0;
  const meter = new RateMeter(() => now);
  expect(meter.rate()).toBe(0);
  for (now = 0; now < 3000; now += 100) meter.add(2);
  expect(meter.rate()).toBe(20);
});

test("the second under way does not count, and old ones are forgotten", () => {
  let now = 500;
  const meter = new RateMeter(() => now);
  meter.add(30);
  expect(meter.rate()).toBe(0);
  now = 1500;
  expect(meter.rate()).toBe(10);
  now = 3999;
  expect(meter.rate()).toBe(10);
  now = 4000;
  meter.add(3);
  expect(meter.rate()).toBe(0);
});
