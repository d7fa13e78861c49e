import { join } from "node:path";
import { LlamaEngine } from "../../src/engine/process.ts";
import { loadHooks, loadSpec, textRequest } from "./engine-requests.ts";

/**
 * A server reduced to its engine, for tests that kill it: `bun engine-host.ts <model file> idle|busy|hung`.
 * Prints the id of the engine process, then a line per answer; ignores what a terminal sends. `hung`
 * needs no model: the JavaScript thread of its engine never comes back.
 */
const [path = "", mode] = process.argv.slice(2);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});

const engine = new LlamaEngine({
  watchdog: { heartbeatTimeoutMs: 60_000, stepFactor: 100, stepFloorMs: 60_000, loadStallMs: 60_000 },
  worker: mode === "hung" ? join(import.meta.dir, "stub-worker.ts") : undefined,
});
const model = await engine.load(loadSpec({ path }), loadHooks());
console.log(model.info.pid);
void model.gone.then((reason) => console.log(`gone: ${reason}`));

for (;;) {
  const prompt = mode === "hung" ? "spin" : "Once upon a time";
  const request = textRequest(prompt, { maxTokens: mode === "busy" ? 400 : 4 });
  const { pieces } = await model.generate(request, new AbortController().signal);
  for await (const _ of pieces);
  console.log("answered");
  if (mode === "idle") await Bun.sleep(50);
}
