import type { GenerateRequest } from "../engine/engine.ts";
import type { ChatChunk, ChatCompletion, ChatRequest } from "../schemas/chat.ts";
import { collect, generateAll } from "./fan-out.ts";
import { toTurns } from "./messages.ts";
import { NO_DEFAULTS, type RequestDefaults, withDefaults, withSystemPrompt } from "./request-defaults.ts";
import type { RequestKind, RequestRegistry } from "./requests.ts";
import type { Caller, RunningRequest } from "./running-request.ts";
import { toSampling, toStop, toTokenLimit } from "./sampling.ts";
import { wantsUsage } from "./stream-options.ts";
import { refuseUnsupported } from "./unsupported.ts";
import { fingerprint, toTimings, toUsage } from "./usage.ts";

const KIND: RequestKind = { prefix: "chatcmpl-", endpoint: "/v1/chat/completions", modelField: "model" };

/** Chat completions as the OpenAI API defines them, whole or as a stream. */
export class ChatService {
  readonly #requests: RequestRegistry;

  constructor({ requests }: { requests: RequestRegistry }) {
    this.#requests = requests;
  }

  /** @throws ApiError `unsupported_parameter`, `model_not_found`, and whatever the engine throws */
  async complete(body: ChatRequest, caller: Caller): Promise<ChatCompletion> {
    wantsUsage(body);
    assertValid(body);
    using request = await this.#requests.open(KIND, body, caller);
    const answers = await collect(generateAll(request, [toInput(body, request.defaults)]));
    return {
      ...head(request, "chat.completion"),
      choices: answers.map(({ text, end }, index) => ({
        index,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: null,
        finish_reason: end.finishReason,
      })),
      usage: toUsage(answers),
      timings: toTimings(answers),
    };
  }

  /**
   * The role first, as soon as the prompt has a place in the queue; then the text as it comes; then why
   * it ended; then, if asked for, the usage.
   * @throws ApiError as `complete` does, before the first chunk or at any time after it
   */
  async *stream(body: ChatRequest, caller: Caller): AsyncGenerator<ChatChunk> {
    const withUsage = wantsUsage(body);
    assertValid(body);
    using request = await this.#requests.open(KIND, body, caller);
    const { promptTokens, pieces } = await request.generate(toInput(body, request.defaults));

    const chunk = head(request, "chat.completion.chunk");
    const usage = withUsage ? { usage: null } : undefined;
    yield { ...chunk, choices: [choice({ role: "assistant", content: "" })], ...usage };
    let step = await pieces.next();
    while (!step.done) {
      const { text } = step.value;
      // A piece is empty while half a character or a possible stop string is held back.
      if (text !== "") yield { ...chunk, choices: [choice({ content: text })], ...usage };
      step = await pieces.next();
    }
    const answer = { promptTokens, end: step.value };
    const last = choice({}, answer.end.finishReason);
    yield { ...chunk, choices: [last], ...usage, timings: toTimings([answer]) };
    if (withUsage) yield { ...chunk, choices: [], usage: toUsage([answer]) };
  }
}

/** The same in every chunk of a stream. */
function head<T extends string>({ id, created, model, engine }: RunningRequest, object: T) {
  return { id, object, created, model, system_fingerprint: fingerprint(engine.info) };
}

type Choice = ChatChunk["choices"][number];

function choice(delta: Choice["delta"], finishReason: Choice["finish_reason"] = null): Choice {
  return { index: 0, delta, logprobs: null, finish_reason: finishReason };
}

/** Before a model is waited for. @throws ApiError when the request is wrong whatever the model */
function assertValid(body: ChatRequest): void {
  refuseUnsupported(body);
  toInput(body, NO_DEFAULTS);
}

function toInput(given: ChatRequest, defaults: RequestDefaults): Omit<GenerateRequest, "id"> {
  const body = withDefaults(given, defaults);
  return {
    prompt: { kind: "chat", messages: withSystemPrompt(toTurns(body.messages), defaults) },
    promptParam: "messages",
    maxTokens: toTokenLimit(body.max_completion_tokens, body.max_tokens),
    maxTotalTokens: null,
    sampling: toSampling(body),
    stop: toStop(body.stop),
    ignoreEos: body.ignore_eos ?? false,
  };
}
