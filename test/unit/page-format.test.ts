import { expect, test } from "bun:test";
import { refusalText } from "../../public/lib/api.ts";
import {
  deviceName,
  formatBytes,
  formatParameters,
  formatSeconds,
  plural,
  shortName,
} from "../../public/lib/format.ts";

test.each([
  [0, "0 B"],
  [-5, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1024 ** 2 - 1, "1.0 MiB"],
  [812.4 * 1024 ** 2, "812 MiB"],
  [1.5 * 1024 ** 3, "1.5 GiB"],
  [25.4 * 1024 ** 3, "25.4 GiB"],
  [139.8 * 1024 ** 3, "140 GiB"],
  [5000 * 1024 ** 5, "5000 PiB"],
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

test("names are as people write them, and as short as they still tell something", () => {
  expect(deviceName("cpu")).toBe("CPU");
  expect(deviceName("npu")).toBe("npu");
  expect(shortName("guide")).toBe("guide");
  expect(shortName("user/repository:Q4_K_M")).toBe("repository:Q4_K_M");
  expect(shortName("user/repository/m-Q8_0.gguf")).toBe("m-Q8_0");
});
