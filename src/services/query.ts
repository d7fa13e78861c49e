import type { GenerateRequest } from "../engine/engine.ts";
import { invalidRequest } from "../errors.ts";
import type { QueryAnswer, QueryRequest } from "../schemas/query.ts";
import { collect, generateAll } from "./fan-out.ts";
import { NO_DEFAULTS, type RequestDefaults, withDefaults, withSystemPrompt } from "./request-defaults.ts";
import type { RequestKind, RequestRegistry } from "./requests.ts";
import type { Caller } from "./running-request.ts";
import { greedy, randomSeed, type SamplingRequest, toSampling, toStop } from "./sampling.ts";
import { refuseUnsupportedQuery } from "./unsupported.ts";

const KIND: RequestKind = { prefix: "query-", endpoint: "/query", modelField: "model_name" };

/** As documented; they are not those of the OpenAI endpoints. */
const DEFAULTS = { temperature: 0.7, top_p: 0.9, top_k: 50 };
/** Tokens of prompt and answer together. */
const MAX_LENGTH = 512;

/** One prompt, sent as a user's message; one or several whole answers. */
export class QueryService {
  readonly #requests: RequestRegistry;

  constructor({ requests }: { requests: RequestRegistry }) {
    this.#requests = requests;
  }

  /**
   * Without `model_name` the current model answers.
   * @throws ApiError `no_model_deployed`, `model_loading`, `max_length_exceeded`, and whatever the engine throws
   */
  async answer(body: QueryRequest, caller: Caller): Promise<QueryAnswer> {
    const count = body.num_return_sequences ?? 1;
    // What the request itself gets wrong is told before a model is waited for.
    refuseAllTheSame(count, toInput(body, NO_DEFAULTS));

    using request = await this.#requests.open(KIND, { ...body, model: body.model_name }, caller);
    const input = toInput(body, request.defaults);
    await request.attempt(async () => refuseAllTheSame(count, input));
    const inputs = Array.from({ length: count }, () => ({
      ...input,
      sampling: { ...input.sampling, seed: randomSeed() },
    }));
    const answers = await collect(generateAll(request, inputs));
    const responses = answers.map((answer) => answer.text);
    return {
      response: responses[0] ?? "",
      model_name: request.model,
      generation_time: Math.round(request.elapsedMs) / 1000,
      input_tokens: answers[0]?.promptTokens ?? 0,
      output_tokens: request.sum("completionTokens"),
      ...(count > 1 && { responses }),
    };
  }
}

/** Fields that its users carry over from transformers, and that can only be switched off here. */
interface SwitchedOff {
  min_p?: 0 | null;
  repetition_penalty?: 1 | null;
  /** Empty, whatever its type. */
  stop?: object | string | null;
  stop_strings?: object | string | null;
}

function toInput(body: QueryRequest & SwitchedOff, defaults: RequestDefaults): Omit<GenerateRequest, "id"> {
  refuseUnsupportedQuery(body);
  const limit = body.max_length ? null : (defaults.fields.max_tokens ?? null);
  const newTokens = body.max_new_tokens ?? limit;
  const { temperature, top_p, top_k, min_p, repetition_penalty } = body;
  const sampled = withDefaults<SamplingRequest>(
    { temperature, top_p, top_k, min_p, repetition_penalty },
    { ...defaults, fields: { ...DEFAULTS, ...defaults.fields } },
  );
  return {
    prompt: { kind: "chat", messages: withSystemPrompt([{ role: "user", content: body.prompt }], defaults) },
    promptParam: "prompt",
    maxTokens: newTokens,
    maxTotalTokens: newTokens === null ? (body.max_length ?? MAX_LENGTH) : null,
    sampling: (body.do_sample ?? true) ? toSampling(sampled) : greedy(),
    stop: (body.stop ?? body.stop_strings ?? null) === null ? toStop(defaults.fields.stop) : [],
    ignoreEos: false,
  };
}

function refuseAllTheSame(count: number, { sampling }: Pick<GenerateRequest, "sampling">): void {
  const { temperature, topK, topP, minP } = sampling;
  const isChance = temperature > 0 && topK !== 1 && topP > 0 && minP < 1;
  if (count === 1 || isChance) return;
  throw invalidRequest(
    "'num_return_sequences' above 1 needs sampling, and here all answers would be the same: send a 'temperature' and 'top_p' above 0 and a 'top_k' other than 1, without 'do_sample' false; what is not sent, and 'min_p', which has to be below 1, may come from the deployment or the model's file",
    "num_return_sequences",
  );
}
