/** The bytes of server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html defines them. */

const encoder = new TextEncoder();

type Bytes = Uint8Array<ArrayBuffer>;

/** One event; JSON never holds a raw line break, so one `data:` line is enough. */
export function frame(data: unknown, event?: string): Bytes {
  const name = event === undefined ? "" : `event: ${oneLine(event)}\n`;
  return encoder.encode(`${name}data: ${JSON.stringify(data)}\n\n`);
}

/** A line that clients skip; keeps a silent connection alive. */
export function comment(text: string): Bytes {
  return encoder.encode(`: ${oneLine(text)}\n\n`);
}

/** How the OpenAI API marks the end of a stream that went well. */
export const DONE: Bytes = encoder.encode("data: [DONE]\n\n");

export const PING: Bytes = comment("ping");

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}
