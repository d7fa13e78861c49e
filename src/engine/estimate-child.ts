import { ApiError, loadLost } from "../errors.ts";
import type { Estimate, EstimateSpec } from "./engine.ts";
import { EngineChild } from "./engine-child.ts";
import { describeExit } from "./exit-reason.ts";

/** A header is read and judged in about a second; a graphics driver may take a while to wake up. */
const PATIENCE_MS = 60_000;

/**
 * Asks an engine process of its own, so that a file that makes llama.cpp abort harms nobody.
 * @param script absolute path of the program of an engine process
 * @throws ApiError what the process refuses with, `engine_lost` when it dies; rejects with `signal.reason`
 */
export async function estimateInChild(
  script: string,
  spec: EstimateSpec,
  signal: AbortSignal,
): Promise<Estimate> {
  signal.throwIfAborted();
  const answer = Promise.withResolvers<Estimate>();
  const child = new EngineChild({
    script,
    onMessage: (message) => {
      if (message.type === "estimated") answer.resolve(message.estimate);
      else if (message.type === "failed") answer.reject(ApiError.fromWire(message.error));
    },
    onLine: () => {},
  });
  void child.exited.then((exit) => answer.reject(loadLost(describeExit(exit))));
  const abort = () => answer.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => child.kill("it took too long to judge a file"), PATIENCE_MS);
  child.send({ type: "estimate", spec });
  try {
    return await answer.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    child.kill("its estimate is done");
    await child.exited;
  }
}
