import type { GenerateRequest } from "../engine/engine.ts";
import { invalidRequest } from "../errors.ts";
import type { QueryAnswer, QueryRequest } from "../schemas/query.ts";
import { collect, generateAll } from "./fan-out.ts";
import type { RequestKind, RequestRegistry } from "./requests.ts";
import type { Caller } from "./running-request.ts";
import { greedy, randomSeed, toSampling } from "./sampling.ts";
import { refuseUnsupportedQuery } from "./unsupported.ts";

const KIND: RequestKind = { prefix: "query-", endpoint: "/query" };

/** As documented; they are not those of the OpenAI endpoints. */
const DEFAULTS = { max_length: 512, temperature: 0.7, top_p: 0.9, top_k: 50 };

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
    const input = toInput(body);
    const count = body.num_return_sequences ?? 1;
    if (count > 1 && input.sampling.temperature === 0) throw allTheSame();

    using request = await this.#requests.open(KIND, { ...body, model: body.model_name }, caller);
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

function toInput(body: QueryRequest): Omit<GenerateRequest, "id"> {
  refuseUnsupportedQuery(body);
  const newTokens = body.max_new_tokens ?? null;
  const sampled = {
    temperature: body.temperature ?? DEFAULTS.temperature,
    top_p: body.top_p ?? DEFAULTS.top_p,
    top_k: body.top_k ?? DEFAULTS.top_k,
  };
  return {
    prompt: { kind: "chat", messages: [{ role: "user", content: body.prompt }] },
    promptParam: "prompt",
    maxTokens: newTokens,
    maxTotalTokens: newTokens === null ? (body.max_length ?? DEFAULTS.max_length) : null,
    sampling: (body.do_sample ?? true) ? toSampling(sampled) : greedy(),
    stop: [],
    ignoreEos: false,
  };
}

const allTheSame = () =>
  invalidRequest(
    "'num_return_sequences' above 1 needs sampling: without it ('do_sample' false, 'temperature' 0) all answers are the same",
    "num_return_sequences",
  );
