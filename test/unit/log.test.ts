import { expect, test } from "bun:test";
import type { Config } from "../../src/config/config.ts";
import { createLog } from "../../src/log.ts";
import { EventBus, type LogLine } from "../../src/services/events.ts";

/** A log whose lines stay here. */
function logOf(config: Partial<Pick<Config, "logLevel" | "logFormat">> = {}, terminal = false) {
  const lines: string[] = [];
  const seen: LogLine[] = [];
  const events = new EventBus();
  events.on((name, value) => {
    if (name === "log") seen.push(value);
  });
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog(
    { logLevel: "info", logFormat: "auto", ...config },
    { events, destination, terminal },
  );
  return { log, lines, seen };
}

test("writes one JSON object per line where no terminal is", () => {
  const { log, lines } = logOf();
  log.info({ model: "guide", load_ms: 12 }, "model ready");
  expect(lines).toHaveLength(1);
  const line = JSON.parse(lines[0] ?? "");
  expect(line).toMatchObject({ level: "info", model: "guide", load_ms: 12, msg: "model ready" });
  expect(Date.parse(line.time)).not.toBeNaN();
  expect(line).not.toHaveProperty("hostname");
});

test("writes a readable line on a terminal", () => {
  const { log, lines } = logOf({}, true);
  log.warn({ model: "guide" }, "slow");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("slow");
  expect(lines[0]).toContain('"model":"guide"');
  expect(lines[0]?.trimEnd()).not.toContain("\n");
  expect(() => JSON.parse(lines[0] ?? "")).toThrow();
});

test("the format that was asked for wins over the terminal", () => {
  const json = logOf({ logFormat: "json" }, true);
  json.log.info("x");
  expect(JSON.parse(json.lines[0] ?? "")).toMatchObject({ msg: "x" });
  const pretty = logOf({ logFormat: "pretty" }, false);
  pretty.log.info("x");
  expect(pretty.lines[0]).toContain("INFO");
  expect(pretty.lines[0]).not.toContain("\u001B");
});

test("leaves out what is less important than the level", () => {
  const { log, lines, seen } = logOf({ logLevel: "warn" });
  log.info("no");
  log.error("yes");
  expect(lines).toHaveLength(1);
  expect(seen.map(({ message }) => message)).toEqual(["yes"]);
});

test("hands every line to the events, with its fields and those of its child", () => {
  const { log, seen } = logOf();
  log.child({ request: "req_1" }).error({ err: new TypeError("no luck") }, "failed %d times", 3);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    level: "error",
    message: "failed 3 times",
    fields: { request: "req_1", err: { type: "TypeError", message: "no luck" } },
  });
  expect(Math.abs((seen[0]?.time ?? 0) - Date.now())).toBeLessThan(60_000);
});

test("masks secrets that should never have got here", () => {
  const { log, lines, seen } = logOf();
  const secret = "hf_0123456789";
  log.info(
    { hf_token: secret, body: { hf_token: secret }, request: { headers: { authorization: secret } } },
    "x",
  );
  log.child({ authorization: secret }).info("y");
  expect(lines.join("")).not.toContain(secret);
  expect(JSON.stringify(seen)).not.toContain(secret);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ hf_token: "***" });
});
