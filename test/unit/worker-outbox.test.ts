import { expect, test } from "bun:test";
import type { StepOutput } from "../../src/engine/protocol.ts";
import { Outbox } from "../../src/engine/worker/outbox.ts";

const token = (id: string, text: string): StepOutput => ({ id, text, tokens: 1 });

/** An outbox with what it sent, and a promise of its first message. */
function outbox(waitMs?: number) {
  const sent: StepOutput[][] = [];
  const first = Promise.withResolvers<void>();
  const box = new Outbox((outputs) => {
    sent.push(outputs);
    first.resolve();
  }, waitMs);
  return { box, sent, first: first.promise };
}

test("what steps bring waits while the loop begins the next one, and is sent in order", async () => {
  const { box, sent } = outbox(60_000);
  box.add([token("x", "a")]);
  await new Promise((resolve) => setImmediate(resolve));
  box.add([token("x", "b"), token("y", "c")]);
  expect(sent).toEqual([]);
  box.flush();
  expect(sent).toEqual([[token("x", "a"), token("x", "b"), token("y", "c")]]);
});

test("what waits is sent at once where no step follows, and not again", async () => {
  const { box, sent } = outbox();
  box.add([token("x", "a")]);
  box.flush();
  box.flush();
  expect(sent).toEqual([[token("x", "a")]]);
  await Bun.sleep(5);
  expect(sent).toHaveLength(1);
});

test("a step that brought nothing is told, too, by itself", async () => {
  const { box, sent, first } = outbox();
  box.add([]);
  await first;
  expect(sent).toEqual([[]]);
});
