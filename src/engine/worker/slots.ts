import type { Checkpoints } from "./checkpoints.ts";

/** The KV cells of one sequence, as `NativeContext` offers them. */
export interface Cells {
  clear(sequence: number): void;
  removeFrom(sequence: number, position: number): boolean;
  firstPosition(sequence: number): number;
}

/** One sequence of the context and what its KV cache holds; serves one request at a time. */
export class Slot {
  /** The sequence id in the context. */
  readonly sequence: number;
  readonly #cells: Cells;
  readonly #checkpoints: Checkpoints | null;
  readonly #window: number;
  readonly #tokens: Uint32Array;
  #length = 0;
  /** When a request last left it; 0 when none ever did. */
  lastUsed = 0;
  busy = false;
  /** Set when it could not be made clean again; never used after that. */
  broken = false;

  /**
   * @param window tokens a layer with a sliding window looks back on, 0 where there is none
   * @param checkpoints for models whose state can not be cut at any position
   */
  constructor(
    sequence: number,
    contextLength: number,
    cells: Cells,
    window = 0,
    checkpoints: Checkpoints | null = null,
  ) {
    this.sequence = sequence;
    this.#cells = cells;
    this.#window = window;
    this.#checkpoints = checkpoints;
    this.#tokens = new Uint32Array(contextLength);
  }

  /** Tokens in the KV cache; the position of the next one. */
  get length(): number {
    return this.#length;
  }

  /** What the KV cache holds; a view that changes with it. */
  get tokens(): Uint32Array {
    return this.#tokens.subarray(0, this.#length);
  }

  /** Most tokens it can hold. */
  get capacity(): number {
    return this.#tokens.length;
  }

  /** Set for models that reuse a prefix only up to a checkpoint. */
  get checkpoints(): Checkpoints | null {
    return this.#checkpoints;
  }

  /** How many tokens of `prompt` it begins with. */
  commonPrefix(prompt: Uint32Array): number {
    const most = Math.min(this.#length, prompt.length);
    let same = 0;
    while (same < most && this.#tokens[same] === prompt[same]) same++;
    return same;
  }

  /** Notes tokens whose decode has succeeded. */
  append(tokens: Uint32Array): void {
    this.#tokens.set(tokens, this.#length);
    this.#length += tokens.length;
  }

  /**
   * Cuts the cache back to at most `length` tokens.
   * @returns how many are left: fewer when this model's state can only go back further
   */
  async keep(length: number): Promise<number> {
    if (length >= this.#length) return this.#length;
    if (length > 0 && this.#reaches(length) && this.#cells.removeFrom(this.sequence, length))
      this.#length = length;
    else if (length > 0 && this.#checkpoints) this.#length = await this.#checkpoints.restore(length);
    else this.#length = 0;
    if (this.#length === 0) this.clear();
    this.#checkpoints?.dropAfter(this.#length);
    return this.#length;
  }

  /** Forgets everything, whatever state a failed step left. */
  clear(): void {
    this.#length = 0;
    this.#checkpoints?.dropAfter(0);
    this.#cells.clear(this.sequence);
  }

  /** Whether all cells that the token at `position` looks back on are still there. */
  #reaches(position: number): boolean {
    const first = this.#cells.firstPosition(this.sequence);
    return first === 0 || (this.#window > 0 && first >= 0 && first <= position - this.#window);
  }
}

/**
 * The free slot that saves the most prompt evaluation, of those equal the one unused for longest. A slot that would give
 * up more than it keeps counts as saving nothing: all chats of a model begin alike, and the next turn of the one it holds
 * would be evaluated again from there. But where it begins with the whole prompt, what it gives up is another answer.
 * @returns `null` when all are busy
 */
export function chooseSlot(slots: readonly Slot[], prompt: Uint32Array): Slot | null {
  let best: Slot | null = null;
  let mostSaved = -1;
  for (const slot of slots) {
    if (slot.busy || slot.broken) continue;
    const prefix = slot.commonPrefix(prompt);
    const isWhole = prefix >= prompt.length - 1;
    const saved = isWhole || prefix >= slot.length - prefix ? prefix : 0;
    if (best && (saved < mostSaved || (saved === mostSaved && slot.lastUsed >= best.lastUsed))) continue;
    best = slot;
    mostSaved = saved;
  }
  return best;
}
