/** What a side of the benchmark is asked to do. */
export interface Round {
  /** Requests at the same time. */
  streams: number;
  /** Tokens each of them generates. */
  tokens: number;
  /** Words of each prompt; every prompt differs, so that no cached prefix helps. */
  promptWords: number;
  /** Makes the prompts of this round differ from those of every other. */
  round: number;
}

/** How a round went, in milliseconds since its start. */
export interface RoundResult {
  /** Until the last token of the last stream. */
  totalMs: number;
  /** Until the first token, the mean over the streams. */
  firstTokenMs: number;
}

/** One side of the comparison. */
export interface Contender {
  readonly name: string;
  run(round: Round): Promise<RoundResult>;
  close(): Promise<void>;
}

/** The prompt of one stream of a round; the same for every contender. */
export function promptOf({ round, promptWords }: Round, stream: number): string {
  const words = Array.from(
    { length: promptWords },
    (_, index) => `word${(index * 7 + stream * 13 + round * 31) % 997}`,
  );
  return `${round}.${stream}: ${words.join(" ")}`;
}

/** Notes when each stream got its first token and when all were done. */
export async function timed(
  streams: number,
  stream: (index: number, onFirst: () => void) => Promise<void>,
): Promise<RoundResult> {
  const started = performance.now();
  const firsts: number[] = [];
  await Promise.all(
    Array.from({ length: streams }, (_, index) =>
      stream(index, () => firsts.push(performance.now() - started)),
    ),
  );
  const totalMs = performance.now() - started;
  return { totalMs, firstTokenMs: firsts.reduce((sum, ms) => sum + ms, 0) / Math.max(1, firsts.length) };
}
