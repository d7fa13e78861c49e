import { expect, test } from "bun:test";
import { isUsable, stateName } from "../../public/lib/deployment.ts";
import { formatCount } from "../../public/lib/format.ts";
import { History } from "../../public/lib/history.ts";
import { fieldsText, passes } from "../../public/lib/log-filter.ts";
import { settingsRows } from "../../public/lib/settings-rows.ts";

const line = {
  time: 0,
  level: "info",
  message: "request finished",
  fields: { model: "guide", ms: 4, code: undefined },
};

test("the log is filtered by importance and by words, fields among them", () => {
  expect(passes(line, "info", "")).toBe(true);
  expect(passes(line, "warn", "")).toBe(false);
  expect(passes({ ...line, level: "fatal" }, "error", "")).toBe(true);
  expect(passes(line, "debug", "FINISHED model=guide")).toBe(true);
  expect(passes(line, "debug", "other")).toBe(false);
  expect(fieldsText(line.fields)).toBe("model=guide ms=4");
});

test("settings within settings have dotted names, nothing shows as nothing, and what was set comes first", () => {
  const sources = { a: "default", "b.c": "default", "b.d.e": "BERTH_E", g: "--g" };
  expect(settingsRows({ a: 1, b: { c: null, d: { e: ["x", "y"] } }, f: [], g: false, sources })).toEqual([
    { name: "b.d.e", value: "x, y", source: "BERTH_E" },
    { name: "g", value: "false", source: "--g" },
    { name: "a", value: "1", source: null },
    { name: "b.c", value: "not set", source: null },
    { name: "f", value: "none", source: null },
  ]);
});

test("the history keeps the newest samples, and GPU memory where there is any", () => {
  const history = new History(2);
  const statistics = {
    time: 1000,
    requests: 0,
    busy_slots: 1,
    slots: 4,
    queued: 0,
    tokens_per_second: 5,
    first_token_ms: null,
    memory: { used: 10, total: 20 },
    cpu_percent: 50,
  };
  for (const time of [1000, 2000, 3000]) history.add({ ...statistics, time }, null);
  expect(history.column("time")).toEqual([2, 3]);
  expect(history.column("gpuMemory")).toEqual([null, null]);
  const gpu = [{ memory_used: 3 }, { memory_used: null }, { memory_used: 4 }];
  history.add(statistics, { system: { gpu } } as never);
  expect(history.column("gpuMemory").at(-1)).toBe(7);
});

test("a state reads as words, and says whether a request may name the model", () => {
  expect(stateName({ state: "loading", progress: 0.428 })).toBe("Loading, 42 %");
  expect(isUsable({ state: "unloaded" })).toBe(true);
  expect(isUsable({ state: "failed" })).toBe(false);
});

test.each([
  [950, "950"],
  [1234, "1.2k"],
  [32_768, "32.8k"],
  [131_072, "131k"],
  [1_500_000, "1.5M"],
])("%d reads as %s in little room", (count, text) => expect(formatCount(count)).toBe(text));
