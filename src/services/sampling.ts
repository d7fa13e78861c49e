import type { Sampling } from "../engine/engine.ts";
import { invalidRequest } from "../errors.ts";
import { NO_LIMIT } from "../schemas/sampling.ts";

/** The sampling fields of a request as clients write them; `null` means "unset". */
export interface SamplingRequest {
  temperature?: number | null;
  top_p?: number | null;
  top_k?: number | null;
  min_p?: number | null;
  presence_penalty?: number | null;
  frequency_penalty?: number | null;
  repeat_penalty?: number | null;
  repetition_penalty?: number | null;
  seed?: number | null;
  logit_bias?: Record<string, number> | null;
}

/**
 * What holds when neither request, deployment nor the model's file says anything: the defaults of the OpenAI
 * API, where the answer is drawn from the model's own distribution. So the samplers that API does not have (top_k,
 * min_p, repeat penalty) are off, unlike in llama-server; otherwise `top_p: 0.95` would mean something else here.
 */
const DEFAULTS: Omit<Sampling, "seed"> = {
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repeatPenalty: 1,
  logitBias: [],
};

/** @throws ApiError `invalid_value` for a logit bias whose key is no token id */
export function toSampling(request: SamplingRequest): Sampling {
  return {
    temperature: request.temperature ?? DEFAULTS.temperature,
    topP: request.top_p ?? DEFAULTS.topP,
    // -1 is how vLLM users write "off".
    topK: Math.max(request.top_k ?? DEFAULTS.topK, 0),
    minP: request.min_p ?? DEFAULTS.minP,
    presencePenalty: request.presence_penalty ?? DEFAULTS.presencePenalty,
    frequencyPenalty: request.frequency_penalty ?? DEFAULTS.frequencyPenalty,
    repeatPenalty: request.repeat_penalty ?? request.repetition_penalty ?? DEFAULTS.repeatPenalty,
    seed: toSeed(request.seed),
    logitBias: toLogitBias(request.logit_bias),
  };
}

/** The first of several limits that is said, in tokens; `null` for none. */
export function toTokenLimit(...limits: (number | null | undefined)[]): number | null {
  const said = limits.find((limit) => limit !== null && limit !== undefined) ?? NO_LIMIT;
  return said === NO_LIMIT ? null : said;
}

/** What always takes the likeliest token. */
export function greedy(): Sampling {
  return { ...DEFAULTS, temperature: 0, seed: randomSeed() };
}

/** llama.cpp takes the largest uint32 for "draw one yourself", so it is no seed. */
const SEEDS = 0xffff_ffff;

/**
 * Any integer becomes a seed; those from 0 to 2^32-2 stay what they are. -1 means "random", as in
 * llama-server and most tools that grew up around local models.
 */
function toSeed(seed: number | null | undefined): number {
  if (seed === null || seed === undefined || seed === -1) return randomSeed();
  return ((seed % SEEDS) + SEEDS) % SEEDS;
}

export function randomSeed(): number {
  const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
  return seed % SEEDS;
}

function toLogitBias(bias: Record<string, number> | null | undefined): Sampling["logitBias"] {
  return Object.entries(bias ?? {}).map(([key, value]) => {
    const token = Number(key);
    if (!/^\d+$/.test(key) || token > 0x7fff_ffff)
      throw invalidRequest(
        `'logit_bias': the keys are token ids, and ${JSON.stringify(key)} is none; POST /tokenize tells them`,
        "logit_bias",
      );
    return [token, value];
  });
}

/** The strings that end an answer; empty ones would end it before it begins and mean nothing. */
export function toStop(stop: string | string[] | null | undefined): string[] {
  return (typeof stop === "string" ? [stop] : (stop ?? [])).filter((text) => text !== "");
}
