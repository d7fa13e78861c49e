import { unsupportedParameter } from "../errors.ts";

/** Whether a value asks for nothing, so that leaving it out would be the same. `null` always does. */
type IsOff = (value: unknown) => boolean;

const never: IsOff = () => false;

const off =
  (...values: unknown[]): IsOff =>
  (value) =>
    values.includes(value);

const atMost =
  (limit: number): IsOff =>
  (value) =>
    typeof value === "number" && value <= limit;

/** `""`, `[]` and `{}`. */
const empty: IsOff = (value) =>
  value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);

const isType =
  (name: string): IsOff =>
  (value) =>
    typeof value === "object" && value !== null && "type" in value && value.type === name;

const onlyText: IsOff = (value) => Array.isArray(value) && value.every((item) => item === "text");

/**
 * Parameters that change an answer and that this server knows of but can not honour, with the values
 * that switch them off. Ignoring them would give an answer that is wrong without saying so.
 *
 * Accepted without effect, because no answer depends on them: user, metadata, service_tier,
 * parallel_tool_calls, safety_identifier, prompt_cache_key and its kin, cache_prompt, id_slot,
 * and the details of what is off (mirostat_tau, dry_base, xtc_threshold, dynatemp_exponent …).
 */
const OPENAI: Record<string, IsOff> = {
  n: off(1),
  best_of: off(1),
  echo: off(false),
  suffix: off(""),
  logprobs: off(false),
  top_logprobs: off(0),
  response_format: isType("text"),
  tools: empty,
  // Without tools there is nothing to choose, and with them `tools` is refused.
  tool_choice: off("none", "auto"),
  functions: empty,
  function_call: off("none", "auto"),
  modalities: onlyText,
  audio: never,
  prediction: never,
  web_search_options: never,
  reasoning_effort: never,
  reasoning: empty,
  verbosity: off("medium"),
  moderation: never,
  store: off(false),
};

/** What llama-server, vLLM and transformers know besides, by the names that they use. */
const SAMPLERS: Record<string, IsOff> = {
  grammar: empty,
  json_schema: empty,
  structured_outputs: empty,
  guided_json: empty,
  guided_regex: empty,
  guided_choice: empty,
  guided_grammar: empty,
  regex: empty,
  ebnf: empty,
  typical_p: off(1),
  tfs_z: off(1),
  top_a: off(0),
  top_n_sigma: atMost(0),
  mirostat: off(0),
  mirostat_mode: off(0),
  dynatemp_range: off(0),
  dry_multiplier: off(0),
  xtc_probability: off(0),
  // The penalties look back on 64 tokens, which is also where llama-server begins.
  repeat_last_n: off(64),
  samplers: empty,
  min_keep: atMost(1),
  min_tokens: off(0),
  allowed_token_ids: empty,
  bad_words: empty,
  stop_token_ids: empty,
  include_stop_str_in_output: off(false),
  use_beam_search: off(false),
  num_beams: off(1),
  no_repeat_ngram_size: off(0),
  length_penalty: off(1),
  penalty_alpha: off(0),
  min_new_tokens: off(0),
  bad_words_ids: empty,
  stop_strings: empty,
  return_full_text: off(false),
};

const LOCAL: Record<string, IsOff> = {
  ...SAMPLERS,
  n_predict: never,
  // Fields of /query.
  max_new_tokens: never,
  max_length: never,
  do_sample: off(true),
  num_return_sequences: off(1),
  n_cmpl: off(1),
  n_probs: off(0),
  n_indent: off(0),
  t_max_predict_ms: atMost(0),
  prompt_logprobs: never,
  truncate_prompt_tokens: never,
  add_special_tokens: off(true),
  skip_special_tokens: off(true),
  return_tokens: off(false),
  return_progress: off(false),
  timings_per_token: off(false),
  lora: empty,
  chat_template: never,
  chat_template_kwargs: empty,
  add_generation_prompt: off(true),
  continue_final_message: off(false),
  documents: empty,
  enable_thinking: never,
  thinking: never,
  reasoning_format: off("none"),
  reasoning_budget: off(-1),
  reasoning_budget_tokens: off(-1),
  thinking_token_budget: never,
  include_reasoning: off(true),
  prompt_embeds: empty,
};

const STREAM_OPTIONS: Record<string, IsOff> = {
  include_obfuscation: off(false),
  continuous_usage_stats: off(false),
};

/** `/query` has fields of its own; these are what its users carry over from transformers. */
const QUERY: Record<string, IsOff> = {
  ...SAMPLERS,
  min_p: off(0),
  repetition_penalty: off(1),
  repeat_penalty: off(1),
  presence_penalty: off(0),
  frequency_penalty: off(0),
  logit_bias: empty,
  seed: never,
  // Its own are `max_new_tokens`, `max_length` and `num_return_sequences`.
  max_tokens: never,
  max_completion_tokens: never,
  n_predict: never,
  n: off(1),
  ignore_eos: off(false),
  stop: empty,
  stream: off(false),
};

/**
 * For the bodies of the OpenAI endpoints and of `POST /tokenize`, which tells what they would begin with.
 * @throws ApiError `unsupported_parameter` naming the first field that can not be honoured
 */
export function refuseUnsupported(request: object & { stream_options?: object | null }): void {
  check(OPENAI, request);
  check(LOCAL, request);
  check(STREAM_OPTIONS, request.stream_options ?? {}, "stream_options.");
}

/**
 * The same for `POST /query`.
 * @throws ApiError `unsupported_parameter`
 */
export function refuseUnsupportedQuery(request: object): void {
  check(QUERY, request);
}

function check(known: Record<string, IsOff>, request: object, prefix = ""): void {
  for (const [name, value] of Object.entries(request)) {
    if (value === null || value === undefined || !Object.hasOwn(known, name)) continue;
    if (!known[name]?.(value)) throw unsupportedParameter(prefix + name);
  }
}
