import {
  type ContextLengths,
  contextLengthExceeded,
  invalidRequest,
  maxLengthExceeded,
} from "../../errors.ts";
import type { ChatTurn, GenerateRequest, Prompt } from "../engine.ts";
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
      return vocabulary.withBos(joined(toTexts(prompt.messages, template), vocabulary));
  }
}

/**
 * The same for a prompt that is to be answered: one that can not fit is given up before it takes long.
 * @throws ApiError 400 also with `context_length_exceeded`
 */
export function encodeFitting(
  prompt: Prompt,
  param: string,
  context: ContextLengths,
  reader: PromptReader,
): Uint32Array {
  const { vocabulary, template } = reader;
  const { contextLength } = context;
  const surely = (texts: string[]) => assertNotHopeless(texts, context, param, vocabulary);
  const assertFits = (count: number) => {
    if (count >= contextLength) throw contextLengthExceeded(count, context, param);
  };
  let tokens: Uint32Array;
  if (prompt.kind === "chat") {
    // A template takes its time for each message, and puts some tokens around it.
    if (prompt.messages.length > contextLength)
      throw contextLengthExceeded(`more than ${prompt.messages.length}`, context, param);
    // What the template leaves out, such as earlier thoughts, does not count.
    const texts = toTexts(prompt.messages, template);
    surely(texts);
    tokens = vocabulary.withBos(joined(texts, vocabulary));
  } else {
    if (prompt.kind === "text") surely([prompt.text]);
    else assertFits(prompt.tokens.length);
    tokens = encodePrompt(prompt, param, reader);
  }
  assertFits(tokens.length);
  return tokens;
}

/** Rendered by the template; without one the plain contents. */
function toTexts(messages: ChatTurn[], template: ChatTemplate | null): string[] {
  return template ? template.render(messages) : [messages.map(({ content }) => content ?? "").join("\n")];
}

/**
 * Checks a request and makes it ready for the step loop.
 * @throws ApiError 400: `context_length_exceeded`, `max_length_exceeded`, an empty prompt, or a token
 * id the model does not have
 */
export function admit(request: GenerateRequest, context: ContextLengths, reader: PromptReader): Run {
  const { promptParam, maxTokens, maxTotalTokens, sampling, ignoreEos } = request;
  const { vocabulary } = reader;
  for (const [token] of sampling.logitBias) checkToken(token, "logit_bias", vocabulary.size);
  const tokens = encodeFitting(request.prompt, promptParam, context, reader);
  const prompt = orStart(tokens, promptParam, vocabulary);
  if (maxTotalTokens !== null && prompt.length >= maxTotalTokens)
    throw maxLengthExceeded(prompt.length, maxTotalTokens);
  const limit = Math.min(
    context.contextLength - prompt.length,
    maxTokens ?? Infinity,
    maxTotalTokens === null ? Infinity : maxTotalTokens - prompt.length,
  );
  return new Run({
    id: request.id,
    prompt,
    limit,
    sampler: samplerConfig(sampling, prompt, ignoreEos ? vocabulary.endTokens : []),
    stop: request.stop,
    follows: request.follows ?? false,
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
  texts: string[],
  context: ContextLengths,
  param: string,
  vocabulary: Vocabulary,
): void {
  if (charactersOf(texts) <= AT_ONCE) return;
  let count = 0;
  for (const text of texts)
    for (let begin = 0; begin < text.length; begin += SLICE) {
      count += vocabulary.tokenize(text.slice(begin, begin + SLICE)).length;
      if (count > context.contextLength * SURELY)
        throw contextLengthExceeded(`more than ${Math.floor(count / SURELY)}`, context, param);
    }
}

const charactersOf = (texts: string[]) => texts.reduce((sum, { length }) => sum + length, 0);

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
export function checkTokens(tokens: ArrayLike<number>, param: string, size: number): Uint32Array {
  return Uint32Array.from(tokens, (token) => {
    checkToken(token, param, size);
    return token;
  });
}

function checkToken(token: number, param: string, size: number): void {
  if (Number.isInteger(token) && token >= 0 && token < size) return;
  throw invalidRequest(`${token} is no token of this model: ids go from 0 to ${size - 1}`, param);
}
