import { describe, expect, test } from "bun:test";
import { readEvents, type StreamEvent } from "../../public/lib/sse.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Reads what `chunks` carry, each chunk one read. */
async function read(...chunks: Uint8Array[]): Promise<StreamEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  return Array.fromAsync(readEvents(body));
}

describe("the page's event reader", () => {
  test.each(["\n", "\r\n", "\r"])("takes %j as the end of a line", async (end) => {
    expect(await read(bytes(["event: stats", "data: 1", "", "data:2", "", ""].join(end) + "data"))).toEqual([
      { event: "stats", data: "1" },
      { event: "message", data: "2" },
    ]);
  });

  test("gives the same events wherever the bytes are cut", async () => {
    const all = bytes(
      '\uFEFF: ping\r\n\r\nevent: log\r\ndata: {"text":"naïve 🚢"}\r\ndata: more\r\nid: 3\r\n\r\n',
    );
    for (let cut = 0; cut <= all.length; cut++)
      expect(await read(all.slice(0, cut), all.slice(cut))).toEqual([
        { event: "log", data: '{"text":"naïve 🚢"}\nmore' },
      ]);
    expect(await read(...Array.from(all, (byte) => Uint8Array.of(byte)))).toHaveLength(1);
  });

  test("drops comments, empty events and an event the connection cut short", async () => {
    expect(await read(bytes(": ping\n\n\n\nevent: nothing\n\ndata\n\ndata: cut"))).toEqual([
      { event: "message", data: "" },
    ]);
  });

  test("takes only one space off the start of a value", async () => {
    expect(await read(bytes("data:  two: spaces\n\n"))).toEqual([{ event: "message", data: " two: spaces" }]);
  });

  test("closes the connection when its reader has enough", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytes("data: x\n\n")),
      cancel: () => void (cancelled = true),
    });
    for await (const _ of readEvents(body)) break;
    expect(cancelled).toBe(true);
  });
});
