import { expect, test } from "bun:test";
import { listenFailure } from "../../src/cli/listen-failure.ts";

const failed = (code: string) => Object.assign(new Error(code), { code, syscall: "listen" });

test.each([
  [8000, "--port 8001"],
  [65_535, "--port 65534"],
])("where port %i is taken, a port that exists is proposed", async (port, proposed) => {
  expect(await listenFailure(failed("EADDRINUSE"), { host: "127.0.0.1", port })).toContain(proposed);
});

test.each(["EINVAL", "ENOENT", "EACCES", "EADDRINUSE"])(
  "a host that is none of this machine is told, be the code %s",
  async (code) => {
    for (const host of ["256.1.1.1", "192.0.2.1", "::zz"])
      expect(await listenFailure(failed(code), { host, port: 0 })).toContain(`${host} is no address of this`);
  },
);

test.each(["localhost", "127.0.0.1", "127.8.8.8", "0.0.0.0", "::"])("%s is this machine", async (host) => {
  expect(await listenFailure(failed("EACCES"), { host, port: 80 })).toContain("ports below 1024");
});

test("what is no failure to listen is left to others", async () => {
  expect(await listenFailure(new Error("a bug"), { host: "256.1.1.1", port: 0 })).toBeNull();
  expect(await listenFailure(failed("EMFILE"), { host: "127.0.0.1", port: 0 })).toBeNull();
});
