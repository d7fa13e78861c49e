import { expect, test } from "bun:test";
import { listenFailure } from "../../src/cli/listen-failure.ts";

test.each([
  [8000, "--port 8001"],
  [65_535, "--port 65534"],
])("where port %i is taken, a port that exists is proposed", (port, proposed) => {
  const taken = Object.assign(new Error("taken"), { code: "EADDRINUSE" });
  expect(listenFailure(taken, { host: "127.0.0.1", port })).toContain(proposed);
});
