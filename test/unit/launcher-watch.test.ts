import { expect, test } from "bun:test";
import { findLaunchers } from "../../src/cli/launcher-watch.ts";

const NPX = ["npm exec bun@1.4.5 start"];
const NPX_SHELL = ["sh", "-c", "'bun' start"];
const BUN_RUN = ["bun", "start"];
const BASH = ["-bash"];

/** The launchers among these processes above, parent first. */
function launchers(above: string[][], script: string | undefined = "start"): string[][] {
  return findLaunchers(
    above.map((command) => ({ command })),
    script,
  ).map(({ command }) => command);
}

test("npx, its shell and bun run are watched, the shell that a person types into is not", () => {
  expect(launchers([BUN_RUN, NPX_SHELL, NPX, BASH, ["sshd: user"]])).toEqual([BUN_RUN, NPX_SHELL, NPX]);
});

test("bun run alone is watched, under any of its spellings", () => {
  expect(launchers([BUN_RUN, BASH])).toEqual([BUN_RUN]);
  const long = ["/opt/bun/bin/bun.exe", "--silent", "run", "berth", "serve"];
  expect(launchers([long, BASH], "berth")).toEqual([long]);
});

test("npm is watched, also before it has a title", () => {
  const npm = ["node", "/usr/bin/npx", "-y", "bun@1.4.5", "start"];
  expect(launchers([BUN_RUN, ["sh", "-c", "bun start"], npm, BASH])).toContainEqual(npm);
  expect(launchers([["npm run start"], BASH])).toEqual([["npm run start"]]);
});

test.each([
  ["a shell", [BASH]],
  ["a script", [["bash", "./serve.sh"], BASH]],
  ["the shell form of a container's command", [["/bin/sh", "-c", "bun src/main.ts"]]],
  ["a service manager", [["/usr/lib/systemd/systemd", "--user"], ["/sbin/init"]]],
  ["a container's init", [["/sbin/docker-init", "--", "bun", "src/main.ts"]]],
  ["nobody that is left", []],
  ["a program in Bun", [["bun", "supervisor.ts"], BASH]],
  ["a program in Node", [["node", "/srv/pm2/Daemon.js"], ["/sbin/init"]]],
])("a start by %s has no launcher", (_name, above) => {
  expect(launchers(above, undefined)).toEqual([]);
  expect(launchers(above, "start")).toEqual([]);
});
