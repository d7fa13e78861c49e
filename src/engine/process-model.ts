import { ApiError, engineLost } from "../errors.ts";
import type { Activity, GenerateRequest, Generation, LoadedModel, ModelInfo, Prompt } from "./engine.ts";
import type { EngineChild } from "./engine-child.ts";
import { describeExit } from "./exit-reason.ts";
import { GenerateCall } from "./generate-call.ts";
import type { FromWorker } from "./protocol.ts";
import { noActivity } from "./no-activity.ts";

/** A question with one answer. */
interface Ask {
  resolve(answer: number[] | string[]): void;
  fail(error: Error): void;
}

/** A model in an engine process, seen from the server: routes its messages to the requests under way. */
export class ProcessModel implements LoadedModel {
  readonly info: ModelInfo;
  readonly gone: Promise<string | null>;
  readonly #child: EngineChild;
  readonly #unloadMs: number;
  readonly #generations = new Map<string, GenerateCall>();
  readonly #asks = new Map<string, Ask>();
  #activity: Activity = noActivity();
  #lastId = 0;
  /** Why nothing new is taken. */
  #closed: Error | null = null;
  #unloading: Promise<void> | null = null;

  /** @param unloadMs how long the process may take to end by itself */
  constructor(child: EngineChild, info: ModelInfo, unloadMs: number) {
    this.#child = child;
    this.info = info;
    this.#unloadMs = unloadMs;
    this.gone = child.exited.then((exit) => {
      if (this.#unloading) return null;
      const reason = describeExit(exit);
      this.#close(engineLost(reason));
      return reason;
    });
  }

  get activity(): Activity {
    return this.#activity;
  }

  async generate(request: GenerateRequest, signal: AbortSignal): Promise<Generation> {
    signal.throwIfAborted();
    if (this.#closed) throw this.#closed;
    // Clients choose ids too, so its own need not tell it apart; the engine logs it all the same.
    const id = `${this.#nextId()} (${request.id})`;
    const call = new GenerateCall({
      signal,
      onOver: (left) => {
        this.#generations.delete(id);
        if (left) this.#child.send({ type: "cancel", id });
      },
    });
    this.#generations.set(id, call);
    this.#child.send({ type: "generate", id, request: { ...request, prompt: packed(request.prompt) } });
    return call.admitted;
  }

  async tokenize(given: Prompt, fit?: { param: string }): Promise<number[]> {
    const prompt = packed(given);
    return (await this.#ask((id) => this.#child.send({ type: "tokenize", id, prompt, fit }))) as number[];
  }

  async detokenize(given: number[]): Promise<string[]> {
    const tokens = Float64Array.from(given);
    return (await this.#ask((id) => this.#child.send({ type: "detokenize", id, tokens }))) as string[];
  }

  unload(reason: Error = engineLost("it was unloaded")): Promise<void> {
    this.#unloading ??= this.#end(reason);
    return this.#unloading;
  }

  /** Takes a message of the process. */
  receive(message: FromWorker): void {
    switch (message.type) {
      case "admitted":
        this.#generations.get(message.id)?.admit(message.promptTokens);
        break;
      case "step":
        this.#activity = message.activity;
        for (const output of message.outputs) this.#generations.get(output.id)?.receive(output);
        break;
      case "heartbeat":
        this.#activity = message.activity;
        break;
      case "error":
        this.#fail(message.id, ApiError.fromWire(message.error));
        break;
      case "tokens":
        this.#answer(message.id, Array.from(message.tokens));
        break;
      case "texts":
        this.#answer(message.id, message.texts);
        break;
    }
  }

  async #end(reason: Error): Promise<void> {
    this.#close(reason);
    this.#child.send({ type: "unload" });
    const timer = setTimeout(() => this.#child.kill("it did not end when asked to"), this.#unloadMs);
    await this.#child.exited;
    clearTimeout(timer);
  }

  #ask(send: (id: string) => void): Promise<number[] | string[]> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = this.#nextId();
    const { promise, resolve, reject } = Promise.withResolvers<number[] | string[]>();
    this.#asks.set(id, { resolve, fail: reject });
    send(id);
    return promise;
  }

  #answer(id: string, answer: number[] | string[]): void {
    this.#asks.get(id)?.resolve(answer);
    this.#asks.delete(id);
  }

  #fail(id: string, error: Error): void {
    this.#generations.get(id)?.fail(error);
    this.#asks.get(id)?.fail(error);
    this.#asks.delete(id);
  }

  #close(error: Error): void {
    this.#closed ??= error;
    for (const call of Array.from(this.#generations.values())) call.fail(error);
    for (const ask of this.#asks.values()) ask.fail(error);
    this.#asks.clear();
    this.#activity = { ...this.#activity, busySlots: 0, queued: 0 };
  }

  #nextId(): string {
    return String(++this.#lastId);
  }
}

/** For the channel. 64 bits, so that what is no token can still be named. */
function packed(prompt: Prompt): Prompt {
  return prompt.kind === "tokens" ? { kind: "tokens", tokens: Float64Array.from(prompt.tokens) } : prompt;
}
