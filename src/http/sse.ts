import { requestCancelled } from "../errors.ts";
import { loggable, toApiError } from "./errors.ts";
import { PatientReader } from "./patient-reader.ts";
import { contextOf } from "./request-context.ts";
import { DONE, frame, PING } from "./sse-frame.ts";

/** Proxies commonly cut a connection that is silent for 30 to 60 seconds. */
const PING_EVERY_MS = 10_000;

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** An event with a name of its own, as `GET /events` sends them. */
export interface NamedEvent {
  event: string;
  data: unknown;
}

export interface SseOptions {
  /** Longest silence on the connection, in milliseconds. */
  pingEveryMs?: number;
}

/**
 * Answers with one event per item, then `[DONE]`, as OpenAI clients expect it.
 *
 * The first item is awaited before the response exists, so that an early failure is an ordinary HTTP
 * status; only when it takes longer than the ping interval the response starts without it, and
 * comments keep the connection alive. A failure after that can only be told inside the stream: an
 * `error` event and no `[DONE]`. When the client leaves, the generator is ended; one that waits
 * inside an `await` has to heed `request.signal`, because nothing else can interrupt it.
 *
 * @throws whatever the generator throws before the response started
 */
export function sse(
  items: AsyncGenerator<unknown>,
  request: Request,
  options: SseOptions = {},
): Promise<Response> {
  return respond(items, request, { encode: (item) => frame(item), end: DONE }, options);
}

/** Like `sse`, with named events and without `[DONE]`. */
export function sseNamed(
  items: AsyncGenerator<NamedEvent>,
  request: Request,
  options: SseOptions = {},
): Promise<Response> {
  return respond(items, request, { encode: ({ event, data }) => frame(data, event), end: null }, options);
}

interface Wire<T> {
  encode: (item: T) => Uint8Array;
  end: Uint8Array | null;
}

async function respond<T>(
  items: AsyncGenerator<T>,
  request: Request,
  { encode, end }: Wire<T>,
  { pingEveryMs = PING_EVERY_MS }: SseOptions,
): Promise<Response> {
  const reader = new PatientReader(items);
  const leave = () => reader.leave();
  request.signal.addEventListener("abort", leave, { once: true });
  if (request.signal.aborted) leave();

  const early = await reader.next(pingEveryMs);
  if (early.kind === "failed") throw early.error;
  if (early.kind === "left") throw requestCancelled("The client left before the answer began");

  const close = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    request.signal.removeEventListener("abort", leave);
    controller.close();
  };
  const fail = (controller: ReadableStreamDefaultController<Uint8Array>, error: unknown) => {
    leave();
    const answer = toApiError(error);
    const { log } = contextOf(request);
    const { status, code, message } = answer;
    if (status === 500) log.error({ err: loggable(error), code }, "stream failed");
    else log.info({ code, reason: message }, "stream failed");
    controller.enqueue(frame(answer.toBody()));
    close(controller);
  };

  let pending: typeof early | null = early;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const outcome = pending ?? (await reader.next(pingEveryMs));
        pending = null;
        if (cancelled) return;
        switch (outcome.kind) {
          case "late":
            return controller.enqueue(PING);
          case "left":
            // The connection is going down: an orderly end would look like a complete answer.
            return controller.error(request.signal.reason);
          case "failed":
            return fail(controller, outcome.error);
          case "item":
            try {
              if (!outcome.step.done) return controller.enqueue(encode(outcome.step.value));
            } catch (error) {
              return fail(controller, error);
            }
            if (end) controller.enqueue(end);
            return close(controller);
        }
      },
      cancel() {
        cancelled = true;
        leave();
      },
    },
    // Nothing is made before it is asked for: a slow reader stops the generator instead of filling memory.
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: HEADERS });
}
