import { ApiError, engineFailed, loadFailed } from "../../errors.ts";
import type { EstimateSpec, GenerateRequest, LoadSpec, LogLevel } from "../engine.ts";
import type { FromWorker, ToWorker } from "../protocol.ts";
import { admit, checkTokens, encodeFitting, encodePrompt } from "./admission.ts";
import { estimate } from "./estimate.ts";
import { Drafter } from "./drafter.ts";
import { LlamaLog } from "./llama-log.ts";
import { load, type Loaded } from "./load.ts";
import { Outbox } from "./outbox.ts";
import { StepLoop } from "./step-loop.ts";
import { defaultDecodeThreads, Tuner } from "./tuning.ts";
import { noActivity } from "../no-activity.ts";

/** Quiet time after the last answer before threads are measured, so that follow-up questions go first. */
const QUIET_MS = 200;

/** One model's engine: answers the messages of the protocol. Knows nothing of processes. */
export class Worker {
  readonly #send: (message: FromWorker) => void;
  readonly #exit: (code: number) => void;
  #model: (Loaded & { loop: StepLoop }) | null = null;
  #tuner: Tuner | null = null;
  #quiet: Timer | undefined;

  /** @param exit ends the process; called with 0 after `unload` */
  constructor(send: (message: FromWorker) => void, exit: (code: number) => void) {
    this.#send = send;
    this.#exit = exit;
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case "load":
        return void this.#load(message.spec);
      case "estimate":
        return void this.#estimate(message.spec);
      case "generate":
        return this.#answering(message.id, () => this.#generate(message.id, message.request));
      case "cancel":
        return this.#model?.loop.cancel(message.id);
      case "tokenize":
        return this.#answering(message.id, ({ id } = message) => {
          const { prompt, fit } = message;
          const { info, ...reader } = this.#loaded();
          const tokens = fit
            ? encodeFitting(prompt, fit.param, info, reader)
            : encodePrompt(prompt, "prompt", reader);
          this.#send({ type: "tokens", id, tokens });
        });
      case "detokenize":
        return this.#answering(message.id, ({ id } = message) => {
          const { vocabulary } = this.#loaded();
          const tokens = checkTokens(message.tokens, "tokens", vocabulary.size);
          this.#send({ type: "texts", id, texts: Array.from(tokens, (token) => vocabulary.text(token)) });
        });
      case "unload":
        // The kernel takes memory back faster and more surely than freeing it piece by piece.
        return this.#exit(0);
    }
  }

  /** A sign of life. */
  beat(): void {
    const loop = this.#model?.loop;
    this.#send({
      type: "heartbeat",
      step: loop?.runningStep ?? null,
      activity: loop?.activity ?? noActivity(),
    });
  }

  async #load(spec: LoadSpec): Promise<void> {
    const log = new LlamaLog((level, message) => this.#log(level, message));
    try {
      const loaded = await load(spec, log, (fraction) => this.#send({ type: "progress", fraction }));
      this.#model = { ...loaded, loop: this.#createLoop(spec, loaded) };
      if (spec.tuning === null && spec.threads > 1) this.#tuner = new Tuner(spec.threads);
      this.#send({ type: "ready", info: loaded.info });
    } catch (error) {
      this.#send({ type: "failed", error: asRefusal(error).toWire() });
    }
  }

  async #estimate(spec: EstimateSpec): Promise<void> {
    try {
      const log = new LlamaLog((level, message) => this.#log(level, message));
      this.#send({ type: "estimated", estimate: await estimate(spec, log) });
    } catch (error) {
      this.#send({ type: "failed", error: asRefusal(error).toWire() });
    }
  }

  #createLoop(spec: LoadSpec, { context, createSlots, vocabulary, speed, info, draft }: Loaded): StepLoop {
    const drafter =
      draft &&
      new Drafter({
        ...draft,
        tokens: vocabulary,
        threads: () => loop.decodeThreads,
        onError: (error) => this.#log("warn", `the draft model failed: ${String(error)}`),
      });
    const outbox = new Outbox((outputs) => this.#send({ type: "step", outputs, activity: loop.activity }));
    const loop: StepLoop = new StepLoop({
      context,
      slots: createSlots(),
      tokens: vocabulary,
      speed,
      promptThreads: spec.threads,
      decodeThreads: Math.min(
        spec.threads,
        spec.tuning?.decodeThreads ?? defaultDecodeThreads(spec.threads, info.memory.weights),
      ),
      queueLimit: spec.queueLimit,
      drafter,
      hooks: {
        onStep: (outputs) => outbox.add(outputs),
        onError: (id, error) => {
          // What it said before comes before it.
          outbox.flush();
          if (error.cause !== undefined) this.#log("error", `request ${id} failed: ${String(error.cause)}`);
          this.#send({ type: "error", id, error: error.toWire() });
        },
        onIdle: () => {
          outbox.flush();
          this.#tuneWhenQuiet(loop);
        },
        onFatal: (error) => {
          outbox.flush();
          this.#log("error", `the step loop broke: ${error instanceof Error ? error.stack : String(error)}`);
          this.#exit(1);
        },
      },
    });
    return loop;
  }

  #generate(id: string, request: GenerateRequest): void {
    const { loop, info, ...reader } = this.#loaded();
    // Before the prompt is tokenised: an overloaded server should not spend time on what it refuses.
    if (!request.follows) loop.assertRoom();
    const run = admit({ ...request, id }, info, reader);
    this.#send({ type: "admitted", id, promptTokens: run.prompt.length });
    loop.submit(run);
  }

  #tuneWhenQuiet(loop: StepLoop): void {
    clearTimeout(this.#quiet);
    if (!this.#tuner) return;
    this.#quiet = setTimeout(() => void this.#tune(loop), QUIET_MS);
  }

  async #tune(loop: StepLoop): Promise<void> {
    const tuner = this.#tuner;
    try {
      const decodeThreads = await tuner?.run((threads) => loop.tryDecode(threads));
      // Interrupted by a request, or done already; the next quiet moment goes on.
      if (!tuner || !decodeThreads) return;
      this.#tuner = null;
      const times = Array.from(tuner.times, ([threads, ms]) => `${threads}: ${ms.toFixed(1)} ms`);
      this.#log("info", `a decode takes, by threads: ${times.join(", ")}; taking ${decodeThreads}`);
      loop.decodeThreads = decodeThreads;
      this.#send({ type: "tuned", tuning: { decodeThreads } });
    } catch (error) {
      this.#tuner = null;
      this.#log("warn", `decode threads could not be measured: ${String(error)}`);
    }
  }

  #loaded(): Loaded & { loop: StepLoop } {
    if (!this.#model) throw new Error("no model is loaded");
    return this.#model;
  }

  /** Turns whatever goes wrong into the answer to that message. */
  #answering(id: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      const known = error instanceof ApiError ? error : engineFailed(error);
      if (known !== error) this.#log("error", `request ${id} failed: ${String(error)}`);
      this.#send({ type: "error", id, error: known.toWire() });
    }
  }

  #log(level: LogLevel, message: string): void {
    this.#send({ type: "log", level, message });
  }
}

/** Whatever a load or an estimate broke with, as an error for a client. */
function asRefusal(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return loadFailed(
    `The model could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
  );
}
