import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { descendants, runs } from "../support/processes.ts";
import { writeRandomModel } from "../support/random-model.ts";

setDefaultTimeout(60_000);

const hostScript = join(import.meta.dir, "..", "support", "engine-host.ts");
let home = "";
let model = "";

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "berth-orphans-"));
  model = await writeRandomModel(join(home, "tiny.gguf"));
});

afterAll(() => rm(home, { recursive: true, force: true }));

/** A program with an engine process, as the leader of its own process group. */
async function startHost(mode: "idle" | "busy" | "hung") {
  const host = Bun.spawn([process.execPath, hostScript, model, mode], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const lines = host.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  /** Everything it has printed, once that matches. */
  const printed = async (pattern: RegExp) => {
    while (!pattern.test(text)) {
      const { value, done } = await lines.read();
      if (done) throw new Error(`It ended after: ${text}`);
      text += value;
    }
    return text;
  };
  const enginePid = Number.parseInt(await printed(/^\d+\n/), 10);
  return {
    host,
    enginePid,
    printed,
    /** Forgets what was printed so far. */
    forget: () => void (text = ""),
    end: async () => {
      host.kill("SIGKILL");
      await host.exited;
      while (await runs(enginePid)) await Bun.sleep(5);
    },
  };
}

test.each(["idle", "busy", "hung"] as const)(
  "an engine process that is %s does not outlive a server that is killed",
  async (mode) => {
    const { host, enginePid } = await startHost(mode);
    await Bun.sleep(mode === "idle" ? 0 : 50);
    const family = await descendants(host.pid);
    expect(family).toContain(enginePid);
    host.kill("SIGKILL");
    await host.exited;
    for (const pid of family) while (await runs(pid)) await Bun.sleep(5);
  },
);

describe.each(["idle", "busy"] as const)("an engine process that is %s", (mode) => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "leaves it to the server what %s to the whole group means",
    async (signal) => {
      const { host, enginePid, printed, forget, end } = await startHost(mode);
      await printed(/answered/);
      process.kill(-host.pid, signal);
      process.kill(-host.pid, signal);
      forget();
      const after = await printed(/answered\n(.*\n)*.*answered/);
      expect(after).not.toContain("gone");
      expect(await runs(enginePid)).toBe(true);
      await end();
    },
  );
});
