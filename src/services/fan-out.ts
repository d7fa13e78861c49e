import type { GenerateRequest, GenerationEnd } from "../engine/engine.ts";
import type { RunningRequest } from "./running-request.ts";

/** What comes of one of several answers, `index` being its place among them. */
export type Progress =
  | { kind: "text"; index: number; text: string }
  | { kind: "end"; index: number; promptTokens: number; end: GenerationEnd };

/** An answer that is out. */
export interface Answer {
  text: string;
  promptTokens: number;
  end: GenerationEnd;
}

/**
 * Generates several answers together, never more at a time than the model has slots, so that one
 * request does not fill the queue that others wait in. The first failure ends them all.
 */
export function generateAll(
  request: RunningRequest,
  inputs: Omit<GenerateRequest, "id">[],
): AsyncGenerator<Progress> {
  const { slots } = request.engine.info;
  const answers = inputs.map((input, index) =>
    generateOne(request, { ...input, follows: index >= slots }, index),
  );
  return merge(answers, slots);
}

/** Waits for all of them. */
export async function collect(progress: AsyncGenerator<Progress>): Promise<Answer[]> {
  const texts: string[] = [];
  const answers: Answer[] = [];
  for await (const item of progress) {
    const { index } = item;
    if (item.kind === "text") texts[index] = (texts[index] ?? "") + item.text;
    else answers[index] = { text: texts[index] ?? "", promptTokens: item.promptTokens, end: item.end };
  }
  return answers;
}

async function* generateOne(
  request: RunningRequest,
  input: Omit<GenerateRequest, "id">,
  index: number,
): AsyncGenerator<Progress> {
  const { promptTokens, pieces } = await request.generate(input);
  let step = await pieces.next();
  while (!step.done) {
    // A piece is empty while half a character or a possible stop string is held back.
    if (step.value.text !== "") yield { kind: "text", index, text: step.value.text };
    step = await pieces.next();
  }
  yield { kind: "end", index, promptTokens, end: step.value };
}

/** The items of all sources as they come, from at most `limit` sources at a time, in order of their start. */
export async function* merge<T>(sources: AsyncGenerator<T>[], limit: number): AsyncGenerator<T> {
  const waiting = [...sources];
  const arrived: { source: AsyncGenerator<T>; step: IteratorResult<T, unknown> }[] = [];
  let running = 0;
  let failure: { error: unknown } | null = null;
  let wake = Promise.withResolvers<void>();

  const pull = (source: AsyncGenerator<T>) => {
    void source
      .next()
      .then(
        (step) => arrived.push({ source, step }),
        (error: unknown) => (failure ??= { error }),
      )
      .finally(() => wake.resolve());
  };
  const start = () => {
    const next = running < limit ? waiting.shift() : undefined;
    if (!next) return false;
    running++;
    pull(next);
    return true;
  };

  try {
    while (start());
    while (running > 0) {
      const item = arrived.shift();
      if (failure) throw (failure as { error: unknown }).error;
      if (!item) {
        await wake.promise;
        wake = Promise.withResolvers();
      } else if (item.step.done) {
        running--;
        start();
      } else {
        yield item.step.value;
        pull(item.source);
      }
    }
  } finally {
    // Not awaited: a source inside an `await` ends when that does.
    for (const source of sources) source.return(undefined).then(undefined, () => {});
  }
}
