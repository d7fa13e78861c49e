/** One event of a `text/event-stream`. */
export interface StreamEvent {
  /** `message` unless the server named it. */
  event: string;
  data: string;
}

/**
 * Reads server-sent events as the HTML standard defines them (§9.2.6): any line end, comments, several
 * `data` lines, characters and line ends cut anywhere between two reads. An event the connection cut
 * short is dropped. Ending the iteration early closes the connection.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.getReader();
  // The decoder takes a byte order mark off and keeps half a character for the next read.
  const decoder = new TextDecoder();
  let rest = "";
  let event = "";
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const { lines, rest: unfinished } = splitLines(rest + decoder.decode(value, { stream: true }));
      rest = unfinished;
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield { event: event || "message", data: data.join("\n") };
          event = "";
          data = [];
          continue;
        }
        const colon = line.indexOf(":");
        const name = colon < 0 ? line : line.slice(0, colon);
        const field = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (name === "event") event = field;
        else if (name === "data") data.push(field);
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** A carriage return at the very end may be half of a line end, so it stays in the rest. */
function splitLines(text: string): { lines: string[]; rest: string } {
  const lines = text.split(/\r\n|\n|\r(?=[^])/);
  const rest = lines.pop() ?? "";
  return { lines, rest };
}
