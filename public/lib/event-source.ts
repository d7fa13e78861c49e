import type { EventStream } from "./live.ts";
import { readEvents } from "./sse.ts";

type Listener = (event: { data?: string }) => void;

/**
 * A stream of events over `fetch`, which can send an API key where `EventSource` can not. It does not
 * come back by itself: it ends with one `error`, and whoever opened it opens another.
 */
export class FetchedEvents implements EventStream {
  readonly #listeners = new Map<string, Listener>();
  readonly #end = new AbortController();

  /** @param open answers with the stream, or fails */
  constructor(open: (signal: AbortSignal) => Promise<Response>) {
    void this.#read(open);
  }

  addEventListener(name: string, listener: Listener): void {
    this.#listeners.set(name, listener);
  }

  close(): void {
    this.#end.abort();
  }

  async #read(open: (signal: AbortSignal) => Promise<Response>): Promise<void> {
    const { signal } = this.#end;
    try {
      const { body } = await open(signal);
      if (body)
        for await (const { event, data } of readEvents(body)) {
          if (signal.aborted) return;
          this.#listeners.get(event)?.({ data });
        }
    } catch {
      // Told like an end: the next question to the server tells why.
    }
    if (!signal.aborted) this.#listeners.get("error")?.({});
  }
}
