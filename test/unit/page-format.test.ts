import { expect, test } from "bun:test";
import { refusalText } from "../../public/lib/api.ts";
import { formatAgo, formatBytes, formatParameters, formatSeconds, plural } from "../../public/lib/format.ts";

test.each([
  [0, "0 B"],
  [-5, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KB"],
  [1024 ** 2 - 1, "1.0 MB"],
  [1.5 * 1024 ** 3, "1.5 GB"],
  [139.8 * 1024 ** 3, "140 GB"],
  [5000 * 1024 ** 5, "5000 PB"],
])("%d bytes read as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [0, "0 ms"],
  [0.3404, "340 ms"],
  [0.9996, "1.0 s"],
  [59.94, "59.9 s"],
  [59.96, "1 min 0 s"],
  [185.4, "3 min 5 s"],
])("%d seconds read as %s", (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

test.each([
  [0, "just now"],
  [-30, "just now"],
  [59, "59 s ago"],
  [60, "1 min ago"],
  [7199, "1 h ago"],
  [90_000, "1 d ago"],
])("%d seconds past read as %s", (age, text) => expect(formatAgo(1_000_000 - age, 1_000_000)).toBe(text));

test.each([
  [950, "950"],
  [12_345, "12.3 K"],
  [999_600, "1 M"],
  [270_000_000, "270 M"],
  [1_235_814_400, "1.2 B"],
  [70_000_000_000, "70 B"],
])("%d weights read as %s", (count, text) => expect(formatParameters(count)).toBe(text));

test("a noun follows its count", () => {
  expect([plural(1, "token"), plural(0, "token"), plural(1200, "token")]).toEqual([
    "1 token",
    "0 tokens",
    "1,200 tokens",
  ]);
});

test("a refusal is told in the server's words, and honestly where it has none", () => {
  expect(refusalText(400, '{"error":{"message":"deploy one first"}}')).toBe("deploy one first");
  for (const body of ["<html>Bad gateway</html>", "", '{"error":"text"}', "null"])
    expect(refusalText(502, body)).toContain("status 502");
});
