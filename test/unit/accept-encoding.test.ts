import { expect, test } from "bun:test";
import { chooseEncoding } from "../../src/http/accept-encoding.ts";

test.each([
  [null, null],
  ["", null],
  ["identity", null],
  ["gzip", "gzip"],
  ["gzip, deflate, br, zstd", "zstd"],
  ["GZip;q=0.5", "gzip"],
  ["zstd;q=0, gzip", "gzip"],
  ["zstd;q=0.000, gzip; q=0", null],
  ["*", "zstd"],
  ["*, zstd;q=0", "gzip"],
  ["*;q=0", null],
] as const)("Accept-Encoding %j is answered with %j", (header, packing) => {
  expect(chooseEncoding(header)).toBe(packing);
});
