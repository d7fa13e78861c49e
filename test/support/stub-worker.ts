import type { GenerateRequest } from "../../src/engine/engine.ts";
import { ApiError } from "../../src/errors.ts";
import type { FromWorker, ToWorker } from "../../src/engine/protocol.ts";
import { noActivity } from "../../src/engine/no-activity.ts";

/**
 * An engine process without an engine: speaks the protocol and does what the names in the load and the
 * words of the prompt ask for, also what a real one should never do.
 */
const send = (message: FromWorker) => process.send?.(message);
const activity = noActivity();
const cancelled: string[] = [];
const timers = new Map<string, Timer>();
let beat: Timer | undefined;
let step: { ageMs: number; expectedMs: number } | null = null;

process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

process.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "load":
      return load(message.spec.name);
    case "generate":
      return generate(message.id, message.request);
    case "cancel":
      clearTimeout(timers.get(message.id));
      activity.busySlots--;
      cancelled.push(message.id);
      return;
    case "tokenize":
      if (message.prompt.kind === "text" && message.prompt.text === "die") process.exit(7);
      return send({
        type: "tokens",
        id: message.id,
        tokens: Uint32Array.from(cancelled, (id) => Number.parseInt(id, 10)),
      });
    case "detokenize":
      return send({
        type: "texts",
        id: message.id,
        texts: Array.from(message.tokens, (token) => `t${token}`),
      });
    case "unload":
      if (!stubborn) process.exit(0);
  }
});

let stubborn = false;

function load(name: string): void {
  beat = setInterval(() => send({ type: "heartbeat", step, activity }), 20);
  send({ type: "progress", fraction: 0.25 });
  if (name === "refused")
    return void send({
      type: "failed",
      error: new ApiError(400, "invalid_request_error", "It is no model").toWire(),
    });
  if (name === "stalls") return;
  if (name === "crashes") {
    process.stderr.write("loading\nGGML_ASSERT(weights != NULL) failed\n  at somewhere\n");
    process.kill(process.pid, "SIGABRT");
  }
  stubborn = name === "stubborn";
  send({ type: "tuned", tuning: { decodeThreads: 1 } });
  send({ type: "log", level: "warn", message: "as asked" });
  console.log("a line of output");
  send({
    type: "ready",
    info: {
      architecture: "stub",
      quantisation: null,
      parameters: 1,
      fileSize: 1,
      trainedContextLength: 4096,
      contextLength: 4096,
      slots: 1,
      hasChatTemplate: false,
      device: "cpu",
      layers: { gpu: 0, total: 1 },
      memory: { weights: 1, kvCache: 1, compute: 1, gpu: 0 },
      loadTimeMs: 1,
      pid: process.pid,
      notes: [],
    },
  });
}

function generate(id: string, { prompt, maxTokens }: GenerateRequest): void {
  const text = prompt.kind === "text" ? prompt.text : "";
  if (text === "refuse")
    return void send({
      type: "error",
      id,
      error: new ApiError(400, "invalid_request_error", "Too long").toWire(),
    });
  if (text === "never admit") return;
  if (text === "log") send({ type: "log", level: "error", message: `request ${id} failed` });
  activity.busySlots++;
  send({ type: "admitted", id, promptTokens: 3 });
  if (text === "silence") clearInterval(beat);
  if (text === "long step") step = { ageMs: 5000, expectedMs: 10 };
  if (text === "spin") for (;;);
  if (text === "stream") return stream(id, 1, maxTokens ?? 3);
  if (text === "break")
    send({
      type: "error",
      id,
      error: new ApiError(500, "server_error", "Broken in a step").toWire(),
    });
}

function stream(id: string, count: number, last: number): void {
  const end =
    count === last
      ? {
          finishReason: "stop" as const,
          cachedTokens: 1,
          completionTokens: last,
          queueMs: 1,
          prefillMs: 2,
          decodeMs: 3,
        }
      : undefined;
  if (end) activity.busySlots--;
  send({ type: "step", outputs: [{ id, text: `${count} `, tokens: 1, ...(end && { end }) }], activity });
  if (!end)
    timers.set(
      id,
      setTimeout(() => stream(id, count + 1, last), 5),
    );
}
