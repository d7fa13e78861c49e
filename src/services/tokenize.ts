import type { Prompt } from "../engine/engine.ts";
import { invalidRequest } from "../errors.ts";
import type { TokenizeAnswer, TokenizeRequest } from "../schemas/tokenize.ts";
import { toTurns } from "./messages.ts";
import type { OnDemandModels } from "./on-demand.ts";
import { withSystemPrompt } from "./request-defaults.ts";
import { refuseUnsupported } from "./unsupported.ts";

/** An engine does nothing else while it tokenises, and takes about a quarter of a second for this many. */
const MOST_CHARACTERS = 2 ** 20;
/** What takes as long as a message, whatever is in it. */
const CHARACTERS_PER_MESSAGE = 64;

/**
 * The tokens that a text or a chat becomes in a model.
 * @throws ApiError `invalid_value` unless there is exactly one prompt of reasonable length, `unsupported_parameter` for
 * what the endpoints that answer refuse, too, and when there is no such model
 */
export async function tokenize(
  models: Pick<OnDemandModels, "acquire">,
  body: TokenizeRequest,
  signal: AbortSignal,
): Promise<TokenizeAnswer> {
  const { add_special_tokens: _own, ...others } = body;
  refuseUnsupported(others);
  const given = toPrompt(body);
  const lease = await models.acquire(body.model ?? undefined, signal);
  try {
    const { model, defaults } = lease;
    const prompt =
      given.kind === "chat" ? { ...given, messages: withSystemPrompt(given.messages, defaults) } : given;
    const tokens = await model.tokenize(prompt);
    const pieces = body.with_pieces ? { pieces: await model.detokenize(tokens) } : undefined;
    return { tokens, count: tokens.length, max_model_len: model.info.contextLength, ...pieces };
  } finally {
    lease.release();
  }
}

function toPrompt({ content, prompt, messages, ...others }: TokenizeRequest): Prompt {
  const given = [content, prompt, messages].filter((one) => one !== undefined && one !== null);
  if (given.length !== 1)
    throw invalidRequest("Exactly one of 'content', 'prompt' and 'messages' is needed", "content");
  if (messages) {
    assertLength(lengthOf(messages), "messages");
    return { kind: "chat", messages: toTurns(messages) };
  }
  const text = { kind: "text" as const, text: content ?? prompt ?? "" };
  assertLength(text.text.length, typeof content === "string" ? "content" : "prompt");
  const addSpecial = others.add_special ?? others.add_special_tokens ?? true;
  return !addSpecial ? { ...text, addSpecial: false } : text;
}

/** Of whatever text is in them. */
const lengthOf = (messages: readonly object[]) =>
  JSON.stringify(messages).length + messages.length * CHARACTERS_PER_MESSAGE;

function assertLength(length: number, param: string): void {
  if (length <= MOST_CHARACTERS) return;
  throw invalidRequest(
    `'${param}' is too long: at most ${MOST_CHARACTERS} characters are tokenised at once`,
    param,
  );
}
