import type { FromWorker, ToWorker } from "../protocol.ts";
import { Worker } from "./worker.ts";

/*
 * The engine process: one model, spoken to over Bun's IPC. Started by the server as
 * `bun --no-orphans src/engine/worker/main.ts` and of no use by itself.
 */

const HEARTBEAT_MS = 250;

// A terminal sends these to the whole process group; when the engine ends is the server's decision.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

if (!process.send) {
  process.stderr.write("This is the engine of the server; start the server with `bun start`.\n");
  process.exit(2);
}

const worker = new Worker(send, (code) => process.exit(code));
process.on("message", (message: ToWorker) => worker.receive(message));
process.on("disconnect", () => process.exit(0));
setInterval(() => worker.beat(), HEARTBEAT_MS);

function send(message: FromWorker): void {
  try {
    process.send!(message);
  } catch {
    // The channel is gone when the server is; there is nobody left to work for.
    process.exit(0);
  }
}
