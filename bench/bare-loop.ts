import { join } from "node:path";
import type { LoadSpec } from "../src/engine/engine.ts";
import type { Contender, Round, RoundResult } from "./protocol.ts";

/** Starts the step loop in a process of its own, asked once a round and silent in between. */
export async function startBareLoop(spec: LoadSpec): Promise<Contender> {
  let answer = Promise.withResolvers<RoundResult>();
  const child = Bun.spawn([process.execPath, "--no-orphans", join(import.meta.dir, "bare-loop-child.ts")], {
    stdio: ["ignore", "inherit", "inherit"],
    serialization: "advanced",
    ipc: (message: RoundResult) => answer.resolve(message),
    onExit: (_, code, signal) => answer.reject(new Error(`the bare loop ended (${signal ?? code})`)),
  });
  const ask = async (message: { load: LoadSpec } | { round: Round }) => {
    answer = Promise.withResolvers();
    child.send(message);
    return answer.promise;
  };
  await ask({ load: spec });
  return {
    name: "bare",
    run: (round) => ask({ round }),
    close: async () => {
      answer.promise.catch(() => {});
      child.kill();
      await child.exited;
    },
  };
}
