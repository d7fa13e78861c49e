import { join } from "node:path";
import { LlamaLogLevel } from "node-llama-cpp";
import type { GenerateRequest, LoadSpec } from "../../src/engine/engine.ts";
import { admit } from "../../src/engine/worker/admission.ts";
import { LlamaLog } from "../../src/engine/worker/llama-log.ts";
import { load, type Loaded } from "../../src/engine/worker/load.ts";
import type { Slot } from "../../src/engine/worker/slots.ts";
import { Speed } from "../../src/engine/worker/speed.ts";
import { greedy } from "../../src/services/sampling.ts";
import { LoopBench, type Outcome } from "./loop-bench.ts";
import { type RandomModelOptions, writeRandomModel } from "./random-model.ts";
import { RecordingContext } from "./recording-context.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** One thread, plenty of memory, and no pause to respect. */
export const loadSpec = (changes: Partial<LoadSpec> & { path: string }): LoadSpec => ({
  name: "random",
  device: "cpu",
  contextLength: null,
  parallel: 4,
  gpuLayers: 0,
  memoryBudget: 8 * 2 ** 30,
  threads: 1,
  queueLimit: 16,
  pauseMs: 500,
  kvCacheType: "f16",
  flashAttention: "auto",
  loras: [],
  draft: null,
  tuning: { decodeThreads: 1 },
  ...changes,
});

/** Greedy and eight tokens, unless changed. */
export const generateRequest = (
  id: string,
  { sampling, ...changes }: Partial<Omit<GenerateRequest, "sampling">> & { sampling?: object } = {},
): GenerateRequest => ({
  id,
  prompt: { kind: "chat", messages: [{ role: "user", content: `I am ${id}, who are you?` }] },
  promptParam: "messages",
  maxTokens: 8,
  maxTotalTokens: null,
  stop: [],
  ignoreEos: false,
  ...changes,
  sampling: { ...greedy(), seed: 1, ...sampling },
});

/** A random model in llama.cpp, in this process, and step loops on it. */
export class RealModel implements AsyncDisposable {
  readonly loaded: Loaded;
  readonly path: string;
  readonly #folder: AsyncDisposable;

  static async load(model: RandomModelOptions = {}, spec: Partial<LoadSpec> = {}): Promise<RealModel> {
    return RealModel.from((path) => writeRandomModel(path, model), spec);
  }

  /** From a file that `write` makes. */
  static async from(
    write: (path: string) => Promise<unknown>,
    spec: Partial<LoadSpec> = {},
  ): Promise<RealModel> {
    const folder = await temporaryFolder();
    const path = join(folder.path, "model.gguf");
    await write(path);
    const log = new LlamaLog(() => {}, LlamaLogLevel.error);
    const loaded = await load(loadSpec({ ...spec, path }), log, () => {});
    return new RealModel(loaded, path, folder);
  }

  constructor(loaded: Loaded, path: string, folder: AsyncDisposable) {
    this.loaded = loaded;
    this.path = path;
    this.#folder = folder;
  }

  /** A step loop with empty slots. Chunks fill the batch unless a `pauseMs` is given. */
  bench({ pauseMs = 60_000, slots = this.loaded.info.slots } = {}): RealBench {
    const recorder = new RecordingContext(this.loaded.context);
    const empty = this.loaded.createSlots(recorder).slice(0, slots);
    for (const slot of empty) slot.clear();
    return new RealBench(this.loaded, recorder, empty, pauseMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not llama.cpp itself: a process that starts it twice loses its log.
    await this.loaded.context.owner.model.dispose();
    await this.#folder[Symbol.asyncDispose]();
  }
}

export class RealBench extends LoopBench {
  readonly recorder: RecordingContext;
  readonly #loaded: Loaded;

  constructor(loaded: Loaded, recorder: RecordingContext, slots: Slot[], pauseMs: number) {
    super(recorder, {
      slots,
      tokens: loaded.vocabulary,
      speed: new Speed({ pauseMs, guessMs: 0.001, coldMs: 30_000 }),
    });
    this.#loaded = loaded;
    this.recorder = recorder;
  }

  /** Goes the way of a request from a client, template and all. */
  ask(request: GenerateRequest): Promise<Outcome> {
    const run = admit(request, this.#loaded.info, this.#loaded);
    this.loop.submit(run);
    return this.settled(request.id);
  }
}
