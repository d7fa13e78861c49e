import type { Contender } from "./protocol.ts";
import { serverAt } from "./server.ts";

const START_MS = 60_000;

/** A model, and how to load it. */
interface LlamaServerSpec {
  /** A GGUF file. */
  path: string;
  slots: number;
  /** Tokens that each slot has room for. */
  contextLength: number;
  threads: number;
}

/**
 * Starts llama.cpp's own server, on the CPU.
 * @param program its executable, `llama-server` or a path to it
 * @throws Error when it does not become ready within a minute
 */
export async function startLlamaServer(program: string, spec: LlamaServerSpec): Promise<Contender> {
  const port = freePort();
  const flags = {
    "--model": spec.path,
    "--host": "127.0.0.1",
    "--port": port,
    "--parallel": spec.slots,
    // Its context is that of all slots together.
    "--ctx-size": spec.contextLength * spec.slots,
    "--threads": spec.threads,
    "--n-gpu-layers": 0,
  };
  const child = Bun.spawn([program, ...Object.entries(flags).flat().map(String)], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const close = async () => {
    child.kill();
    await child.exited;
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + START_MS;
  while (!(await isReady(url))) {
    if (child.exitCode === null && performance.now() < deadline) {
      await Bun.sleep(100);
      continue;
    }
    await close();
    throw new Error(`${program} did not get ready; try it: ${program} --model FILE`);
  }
  return serverAt("llama-server", url, spec.path, close);
}

const isReady = async (url: string) =>
  fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );

/** That of a server which was there for a moment. */
function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  server.stop(true);
  return server.port;
}
