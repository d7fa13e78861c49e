import type { NativeContext, Sampler } from "../../src/engine/worker/binding.ts";
import type { SamplerConfig } from "../../src/engine/worker/sampling.ts";
import type { StepContext } from "../../src/engine/worker/step-loop.ts";

/** The real context, noting what every decode holds. */
export class RecordingContext implements StepContext {
  /** Of every decode: the number of tokens by sequence. */
  readonly decodes: Map<number, number>[] = [];
  /** Awaited before every sample; may throw. */
  onSample: (logits: number) => void = () => {};
  readonly #context: NativeContext;
  #batch = new Map<number, number>();

  constructor(context: NativeContext) {
    this.#context = context;
  }

  get batchSize(): number {
    return this.#context.batchSize;
  }

  begin(size: number): void {
    this.#batch = new Map();
    this.#context.begin(size);
  }

  add(sequence: number, position: number, tokens: Uint32Array, wantLogits: boolean): number {
    this.#batch.set(sequence, tokens.length);
    return this.#context.add(sequence, position, tokens, wantLogits);
  }

  addAll(sequence: number, position: number, tokens: Uint32Array): number[] {
    this.#batch.set(sequence, tokens.length);
    return this.#context.addAll(sequence, position, tokens);
  }

  decode(threads: number): Promise<void> {
    this.decodes.push(this.#batch);
    return this.#context.decode(threads);
  }

  async sample(logits: number, sampler: Sampler): Promise<number> {
    this.onSample(logits);
    return this.#context.sample(logits, sampler);
  }

  createSampler(config: SamplerConfig): Sampler {
    return this.#context.createSampler(config);
  }

  clear(sequence: number): void {
    this.#context.clear(sequence);
  }

  removeFrom(sequence: number, position: number): boolean {
    return this.#context.removeFrom(sequence, position);
  }

  firstPosition(sequence: number): number {
    return this.#context.firstPosition(sequence);
  }
}
