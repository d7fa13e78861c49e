import type { LoadedModel } from "../engine/engine.ts";
import type { RequestState } from "../schemas/request.ts";
import type { Run } from "./running-request.ts";

interface Request {
  readonly engine: { readonly info: Pick<LoadedModel["info"], "slots"> };
  readonly runs: readonly Run[];
}

/**
 * How far each request is. An engine does not say which of its requests have a slot, but its queue is
 * first in, first out: the slots that decode nothing belong to the oldest of those without a token.
 * @param requests oldest first
 */
export function statesOf(requests: readonly Request[]): RequestState[] {
  const inPrefill = new Set<Run>();
  for (const engine of new Set(requests.map((request) => request.engine))) {
    const runs = requests.filter((request) => request.engine === engine).flatMap((request) => request.runs);
    const decoding = runs.filter((run) => run.state === "decoding").length;
    const waiting = runs.filter((run) => run.state === "admitted");
    for (const run of waiting.slice(0, Math.max(engine.info.slots - decoding, 0))) inPrefill.add(run);
  }
  return requests.map(({ runs }) => {
    if (runs.some((run) => run.state === "decoding" || run.state === "ended")) return "decoding";
    return runs.some((run) => inPrefill.has(run)) ? "prefill" : "queued";
  });
}
