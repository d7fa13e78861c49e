import { contextLengthExceeded, invalidRequest, maxLengthExceeded } from "../../errors.ts";
import type { GenerateRequest, Prompt } from "../engine.ts";
import { Run } from "./run.ts";
import { samplerConfig } from "./sampling.ts";
import type { ChatTemplate } from "./template.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The parts of a model that turn a prompt into tokens. */
export interface PromptReader {
  vocabulary: Vocabulary;
  template: ChatTemplate | null;
}

/**
 * The tokens of a prompt, BOS once where the model wants it.
 * @throws ApiError 400 when the template refuses the messages or a token id is not one of the model's
 */
export function encodePrompt(
  prompt: Prompt,
  param: string,
  { vocabulary, template }: PromptReader,
): Uint32Array {
  switch (prompt.kind) {
    case "tokens":
      return checkTokens(prompt.tokens, param, vocabulary.size);
    case "text": {
      const tokens = vocabulary.tokenize(prompt.text);
      return prompt.addSpecial === false ? tokens : vocabulary.withBos(tokens);
    }
    case "chat":
      if (template) return vocabulary.withBos(joined(template.render(prompt.messages), vocabulary));
      return vocabulary.withBos(
        vocabulary.tokenize(prompt.messages.map(({ content }) => content ?? "").join("\n")),
      );
  }
}

/**
 * Checks a request and makes it ready for the step loop.
 * @throws ApiError 400: `context_length_exceeded`, `max_length_exceeded`, an empty prompt, or a token
 * id the model does not have
 */
export function admit(request: GenerateRequest, contextLength: number, reader: PromptReader): Run {
  const { promptParam, maxTokens, maxTotalTokens, sampling, ignoreEos } = request;
  const { vocabulary } = reader;
  assertNotHopeless(request.prompt, contextLength, promptParam, vocabulary);
  for (const [token] of sampling.logitBias) checkToken(token, "logit_bias", vocabulary.size);
  const prompt = orStart(encodePrompt(request.prompt, promptParam, reader), promptParam, vocabulary);
  if (prompt.length >= contextLength) throw contextLengthExceeded(prompt.length, contextLength, promptParam);
  if (maxTotalTokens !== null && prompt.length >= maxTotalTokens)
    throw maxLengthExceeded(prompt.length, maxTotalTokens);
  const limit = Math.min(
    contextLength - prompt.length,
    maxTokens ?? Infinity,
    maxTotalTokens === null ? Infinity : maxTotalTokens - prompt.length,
  );
  return new Run({
    id: request.id,
    prompt,
    limit,
    sampler: samplerConfig(sampling, prompt, ignoreEos ? vocabulary.endTokens : []),
    stop: request.stop,
  });
}

/** Characters of a prompt that are read at once, whatever they come to: less than a tenth of a second's worth. */
const AT_ONCE = 2 ** 18;
/** Of a longer one. */
const SLICE = 2 ** 15;
/** Text that is cut apart has a few tokens more than in one piece. */
const SURELY = 1.1;

/**
 * Text is tokenised while every answer of this model waits, and a megabyte takes a quarter of a second: what is far
 * too long is read in slices, and no further than the context goes.
 * @throws ApiError 400 `context_length_exceeded`
 */
function assertNotHopeless(
  prompt: Prompt,
  contextLength: number,
  param: string,
  vocabulary: Vocabulary,
): void {
  if (prompt.kind === "tokens") return;
  const texts = prompt.kind === "text" ? [prompt.text] : prompt.messages.map(({ content }) => content ?? "");
  if (texts.reduce((sum, text) => sum + text.length, 0) <= AT_ONCE) return;
  let count = 0;
  for (const text of texts)
    for (let begin = 0; begin < text.length; begin += SLICE) {
      count += vocabulary.tokenize(text.slice(begin, begin + SLICE)).length;
      if (count > contextLength * SURELY)
        throw contextLengthExceeded(`more than ${Math.floor(count / SURELY)}`, contextLength, param);
    }
}

/** An empty prompt begins a new text, which is what the start token means. */
function orStart(prompt: Uint32Array, param: string, { bos, eos }: Vocabulary): Uint32Array {
  if (prompt.length > 0) return prompt;
  const start = bos ?? eos;
  if (start === null) throw invalidRequest("The prompt is empty", param);
  return Uint32Array.of(start);
}

/** The parts apart, so that no control token forms across their borders. */
function joined(parts: string[], vocabulary: Vocabulary): Uint32Array {
  const [first = "", ...others] = parts;
  if (others.length === 0) return vocabulary.tokenize(first);
  const tokens = [...vocabulary.tokenize(first)];
  for (const part of others) for (const token of vocabulary.tokenizeOn(part)) tokens.push(token);
  return Uint32Array.from(tokens);
}

/**
 * llama.cpp fails the whole batch, every request in it, for one token id out of range.
 * @throws ApiError 400 naming the id
 */
export function checkTokens(tokens: readonly number[], param: string, size: number): Uint32Array {
  for (const token of tokens) checkToken(token, param, size);
  return Uint32Array.from(tokens);
}

function checkToken(token: number, param: string, size: number): void {
  if (Number.isInteger(token) && token >= 0 && token < size) return;
  throw invalidRequest(`${token} is no token of this model: ids go from 0 to ${size - 1}`, param);
}
