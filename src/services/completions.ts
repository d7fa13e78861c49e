import type { GenerateRequest, LoadedModel, Prompt } from "../engine/engine.ts";
import type {
  Completion,
  CompletionChunk,
  CompletionPrompt,
  CompletionRequest,
} from "../schemas/completion.ts";
import { collect, generateAll } from "./fan-out.ts";
import { NO_DEFAULTS, type RequestDefaults, withDefaults } from "./request-defaults.ts";
import type { RequestKind, RequestRegistry } from "./requests.ts";
import type { Caller, RunningRequest } from "./running-request.ts";
import { toSampling, toStop, toTokenLimit } from "./sampling.ts";
import { wantsUsage } from "./stream-options.ts";
import { refuseUnsupported } from "./unsupported.ts";
import { fingerprint, type Spent, toTimings, toUsage } from "./usage.ts";

const KIND: RequestKind = { prefix: "cmpl-", endpoint: "/v1/completions", modelField: "model" };

/** As the OpenAI API has it; a text without an end would otherwise fill the context. */
const DEFAULT_MAX_TOKENS = 16;

type Options = Omit<GenerateRequest, "id" | "prompt">;

/** Text completions as the OpenAI API defines them, without chat template: one choice per prompt. */
export class CompletionService {
  readonly #requests: RequestRegistry;

  constructor({ requests }: { requests: RequestRegistry }) {
    this.#requests = requests;
  }

  /** @throws ApiError `unsupported_parameter`, `model_not_found`, and whatever the engine throws */
  async complete(body: CompletionRequest, caller: Caller): Promise<Completion> {
    wantsUsage(body);
    assertValid(body);
    using request = await this.#requests.open(KIND, body, caller);
    const inputs = await toInputs(request, body.prompt, toOptions(body, request.defaults));
    const answers = await collect(generateAll(request, inputs));
    return {
      ...head(request),
      choices: answers.map(({ text, end }, index) => ({
        text,
        index,
        logprobs: null,
        finish_reason: end.finishReason,
      })),
      usage: toUsage(answers),
      timings: toTimings(answers),
    };
  }

  /**
   * The text of all prompts as it comes, told apart by `index`; a last chunk for each says why it ended.
   * @throws ApiError as `complete` does, before the first chunk or at any time after it
   */
  async *stream(body: CompletionRequest, caller: Caller): AsyncGenerator<CompletionChunk> {
    const withUsage = wantsUsage(body);
    assertValid(body);
    using request = await this.#requests.open(KIND, body, caller);
    const inputs = await toInputs(request, body.prompt, toOptions(body, request.defaults));

    const chunk = head(request);
    const usage = withUsage ? { usage: null } : undefined;
    const spent: Spent[] = [];
    for await (const item of generateAll(request, inputs)) {
      const choice = { text: "", index: item.index, logprobs: null, finish_reason: null };
      if (item.kind === "text") {
        yield { ...chunk, choices: [{ ...choice, text: item.text }], ...usage };
      } else {
        spent.push(item);
        const isLast = spent.length === inputs.length;
        yield {
          ...chunk,
          choices: [{ ...choice, finish_reason: item.end.finishReason }],
          ...usage,
          ...(isLast && { timings: toTimings(spent) }),
        };
      }
    }
    if (withUsage) yield { ...chunk, choices: [], usage: toUsage(spent) };
  }
}

/** The same in every chunk of a stream. */
function head(request: RunningRequest) {
  const { id, created, model, engine } = request;
  return {
    id,
    object: "text_completion" as const,
    created,
    model,
    system_fingerprint: fingerprint(engine.info),
  };
}

/** Before a model is waited for. @throws ApiError when the request is wrong whatever the model */
function assertValid(body: CompletionRequest): void {
  refuseUnsupported(body);
  toOptions(body, NO_DEFAULTS);
}

function toOptions(given: CompletionRequest, defaults: RequestDefaults): Options {
  const body = withDefaults(given, defaults);
  return {
    promptParam: "prompt",
    maxTokens: toTokenLimit(
      given.max_tokens,
      given.max_completion_tokens,
      body.max_tokens,
      DEFAULT_MAX_TOKENS,
    ),
    maxTotalTokens: null,
    sampling: toSampling(body),
    stop: toStop(body.stop),
    ignoreEos: body.ignore_eos ?? false,
  };
}

async function toInputs(request: RunningRequest, prompt: CompletionPrompt, options: Options) {
  const prompts = toPrompts(prompt);
  const checked =
    prompts.length > 1 ? await request.attempt(() => measure(request.engine, prompts)) : prompts;
  return checked.map((one) => ({ ...options, prompt: one }));
}

function toPrompts(prompt: CompletionPrompt): Prompt[] {
  if (typeof prompt === "string") return [{ kind: "text", text: prompt }];
  if (isTokens(prompt)) return [{ kind: "tokens", tokens: prompt }];
  return prompt.map((one) =>
    typeof one === "string" ? { kind: "text", text: one } : { kind: "tokens", tokens: one },
  );
}

function isTokens(prompt: Exclude<CompletionPrompt, string>): prompt is number[] {
  return typeof prompt[0] === "number";
}

/**
 * Several prompts are not all admitted before the first token flows, so what does not fit has to be
 * found beforehand.
 * @throws ApiError `context_length_exceeded`
 */
async function measure(engine: LoadedModel, prompts: Prompt[]): Promise<Prompt[]> {
  const tokenised = await Promise.all(prompts.map((prompt) => engine.tokenize(prompt, { param: "prompt" })));
  return tokenised.map((tokens) => ({ kind: "tokens", tokens }));
}
