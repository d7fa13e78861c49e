import type { LoadedModel } from "../engine/engine.ts";
import type { RequestState } from "../schemas/request.ts";
import type { Run } from "./running-request.ts";

interface Request {
  readonly engine: Pick<LoadedModel, "activity">;
  readonly runs: readonly Run[];
}

/**
 * How far each request is. An engine says how many wait for a slot but not which; its queue is first
 * in, first out, so they are the youngest of those that have no token yet.
 * @param requests oldest first
 */
export function statesOf(requests: readonly Request[]): RequestState[] {
  const queued = new Set<Run>();
  for (const engine of new Set(requests.map((request) => request.engine))) {
    const waiting = requests
      .filter((request) => request.engine === engine)
      .flatMap((request) => request.runs.filter((run) => run.state === "admitted"));
    for (const run of waiting.slice(Math.max(waiting.length - engine.activity.queued, 0))) queued.add(run);
  }
  return requests.map(({ runs }) => {
    if (runs.some((run) => run.state === "decoding" || run.state === "ended")) return "decoding";
    return runs.some((run) => run.state === "admitted" && !queued.has(run)) ? "prefill" : "queued";
  });
}
