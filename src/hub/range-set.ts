/** From the first byte to before the last. */
export type Range = readonly [from: number, to: number];

/** Which bytes of a file are there. */
export class RangeSet {
  /** Ascending, apart from each other, none empty. */
  #ranges: Range[] = [];

  constructor(ranges: Iterable<Range> = []) {
    for (const [from, to] of ranges) this.add(from, to);
  }

  /** How many bytes are there. */
  get bytes(): number {
    return this.#ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  /** Before which every byte that is there lies. */
  get end(): number {
    return this.#ranges.at(-1)?.[1] ?? 0;
  }

  add(from: number, to: number): void {
    if (from >= to) return;
    const apart = this.#ranges.filter((range) => range[1] < from || range[0] > to);
    const touching = this.#ranges.filter((range) => range[1] >= from && range[0] <= to);
    const whole: Range = [
      Math.min(from, ...touching.map((range) => range[0])),
      Math.max(to, ...touching.map((range) => range[1])),
    ];
    this.#ranges = [...apart, whole].toSorted((a, b) => a[0] - b[0]);
  }

  clear(): void {
    this.#ranges = [];
  }

  /** What is missing of the first `size` bytes, in pieces of at most `step`, in order. */
  *missing(size: number, step: number): Generator<Range, void> {
    let at = 0;
    for (const [from, to] of [...this.#ranges, [size, size] as const]) {
      for (const end = Math.min(from, size); at < end; at = Math.min(at + step, end))
        yield [at, Math.min(at + step, end)];
      at = Math.max(at, to);
    }
  }

  toJSON(): Range[] {
    return this.#ranges;
  }
}
