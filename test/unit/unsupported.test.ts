import { describe, expect, test } from "bun:test";
import { refuseUnsupported, refuseUnsupportedQuery } from "../../src/services/unsupported.ts";

describe("parameters that can not be honoured", () => {
  test.each<[string, unknown]>([
    ["n", 2],
    ["best_of", 2],
    ["echo", true],
    ["suffix", "end"],
    ["logprobs", true],
    ["logprobs", 0],
    ["logprobs", 5],
    ["top_logprobs", 3],
    ["response_format", { type: "json_object" }],
    ["response_format", { type: "json_schema", json_schema: {} }],
    ["response_format", "text"],
    ["tools", [{ type: "function", function: { name: "f" } }]],
    ["tool_choice", "required"],
    ["tool_choice", { type: "function", function: { name: "f" } }],
    ["functions", [{ name: "f" }]],
    ["function_call", { name: "f" }],
    ["modalities", ["text", "audio"]],
    ["audio", { voice: "alloy", format: "wav" }],
    ["prediction", { type: "content", content: "x" }],
    ["web_search_options", {}],
    ["reasoning_effort", "low"],
    ["verbosity", "high"],
    ["store", true],
    ["grammar", "root ::= [0-9]"],
    ["json_schema", { type: "object" }],
    ["guided_json", { type: "object" }],
    ["guided_choice", ["a", "b"]],
    ["typical_p", 0.5],
    ["mirostat", 2],
    ["dynatemp_range", 0.5],
    ["dry_multiplier", 0.8],
    ["xtc_probability", 0.5],
    ["top_n_sigma", 1],
    ["n_predict", 20],
    ["min_tokens", 5],
    ["stop_token_ids", [2]],
    ["chat_template_kwargs", { enable_thinking: false }],
    ["continue_final_message", true],
    ["max_new_tokens", 5],
    ["max_length", 50],
    ["do_sample", false],
    ["num_return_sequences", 2],
    ["n_cmpl", 2],
    ["min_new_tokens", 5],
    ["stop_strings", ["END"]],
    ["bad_words_ids", [[7]]],
    ["return_full_text", true],
    ["regex", "[0-9]+"],
    ["ebnf", "root ::= [0-9]"],
    ["reasoning_budget_tokens", 0],
    ["thinking_token_budget", 0],
    ["include_reasoning", false],
    ["prompt_embeds", "AAAA"],
    ["lora", [{ id: 0, scale: 1 }]],
  ])("refuses %s = %j by name", (name, value) => {
    expect(() => refuseUnsupported({ [name]: value })).toThrow(
      expect.objectContaining({ status: 400, code: "unsupported_parameter", param: name }),
    );
  });

  test.each<[string, unknown]>([
    ["n", 1],
    ["best_of", 1],
    ["echo", false],
    ["suffix", ""],
    ["logprobs", false],
    ["top_logprobs", 0],
    ["response_format", { type: "text" }],
    ["tools", []],
    ["tool_choice", "none"],
    ["tool_choice", "auto"],
    ["functions", []],
    ["modalities", ["text"]],
    ["store", false],
    ["verbosity", "medium"],
    ["grammar", ""],
    ["typical_p", 1],
    ["mirostat", 0],
    ["mirostat_tau", 5],
    ["dry_multiplier", 0],
    ["dry_base", 1.75],
    ["xtc_probability", 0],
    ["xtc_threshold", 0.1],
    ["top_n_sigma", -1],
    ["chat_template_kwargs", {}],
  ])("takes %s = %j for off", (name, value) => {
    expect(() => refuseUnsupported({ [name]: value })).not.toThrow();
  });

  test.each(["tools", "n", "logprobs", "grammar", "audio", "reasoning_effort", "stream_options"])(
    "takes %s = null for unset",
    (name) => {
      expect(() => refuseUnsupported({ [name]: null })).not.toThrow();
    },
  );

  test.each<object>([
    { user: "u" },
    { metadata: { a: "b" } },
    { service_tier: "auto" },
    { parallel_tool_calls: true },
    { prompt_cache_key: "k" },
    { safety_identifier: "s" },
    { cache_prompt: true },
    { something_new: 1 },
    // A field of that name is no parameter, whatever an object inherits.
    { constructor: 1, toString: 1 },
  ])("accepts %j, on which no answer depends", (request) => {
    expect(() => refuseUnsupported(request)).not.toThrow();
  });

  test("names a stream option with its path", () => {
    expect(() => refuseUnsupported({ stream_options: { include_obfuscation: true } })).toThrow(
      expect.objectContaining({ param: "stream_options.include_obfuscation" }),
    );
  });

  test.each<object>([
    { seed: 1 },
    { max_tokens: 20 },
    { n: 2 },
    { repeat_penalty: 1.2 },
    { presence_penalty: 1 },
    { logit_bias: { "5": 1 } },
  ])("refuses %j in a query, which it has only elsewhere", (request) => {
    expect(() => refuseUnsupportedQuery(request)).toThrow(
      expect.objectContaining({ code: "unsupported_parameter", param: Object.keys(request)[0] }),
    );
  });

  test("knows what users of transformers send to a query", () => {
    expect(() => refuseUnsupportedQuery({ num_beams: 4 })).toThrow(
      expect.objectContaining({ code: "unsupported_parameter", param: "num_beams" }),
    );
    expect(() => refuseUnsupportedQuery({ stream: true })).toThrow(
      expect.objectContaining({ param: "stream" }),
    );
    expect(() =>
      refuseUnsupportedQuery({ num_beams: 1, repetition_penalty: 1, stream: false }),
    ).not.toThrow();
  });
});
