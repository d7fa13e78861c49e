import type { FromWorker } from "../src/engine/protocol.ts";
import { Worker } from "../src/engine/worker/worker.ts";
import type { LoadSpec } from "../src/engine/engine.ts";
import { promptOf, type Round, timed } from "./protocol.ts";
import { greedy } from "../src/services/sampling.ts";

/*
 * The step loop with nothing around it: no HTTP, no JSON, no message to another process per token. It
 * runs in a process of its own so that its threads and memory are those of an engine process.
 */

interface Stream {
  onFirst(): void;
  resolve(): void;
  reject(error: Error): void;
  first: boolean;
}

const streams = new Map<string, Stream>();
const loaded = Promise.withResolvers<void>();

const worker = new Worker(receive, (code) => process.exit(code));

function receive(message: FromWorker): void {
  switch (message.type) {
    case "ready":
      return loaded.resolve();
    case "failed":
      return loaded.reject(new Error(message.error.message));
    case "error":
      return streams.get(message.id)?.reject(new Error(message.error.message));
    case "step":
      for (const { id, tokens, end } of message.outputs) {
        const stream = streams.get(id);
        if (stream && tokens > 0 && !stream.first) {
          stream.first = true;
          stream.onFirst();
        }
        if (end) stream?.resolve();
      }
  }
}

async function run(round: Round) {
  return timed(round.streams, (index, onFirst) => {
    const id = `${round.round}-${index}`;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    streams.set(id, { onFirst, resolve, reject, first: false });
    worker.receive({
      type: "generate",
      id,
      request: {
        id,
        prompt: { kind: "text", text: promptOf(round, index) },
        promptParam: "prompt",
        maxTokens: round.tokens,
        maxTotalTokens: null,
        sampling: { ...greedy(), seed: 1 },
        stop: [],
        ignoreEos: true,
      },
    });
    return promise.finally(() => streams.delete(id));
  });
}

async function obey(message: { load: LoadSpec } | { round: Round }): Promise<unknown> {
  if ("round" in message) return run(message.round);
  worker.receive({ type: "load", spec: message.load });
  await loaded.promise;
  return { ready: true };
}

process.on("message", (message: Parameters<typeof obey>[0]) => {
  obey(message).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));
