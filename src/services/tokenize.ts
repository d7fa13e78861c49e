import type { Prompt } from "../engine/engine.ts";
import { invalidRequest } from "../errors.ts";
import type { TokenizeAnswer, TokenizeRequest } from "../schemas/tokenize.ts";
import { toTurns } from "./messages.ts";
import type { OnDemandModels } from "./on-demand.ts";

/**
 * The tokens that a text or a chat becomes in a model.
 * @throws ApiError `invalid_value` unless there is exactly one prompt, or when there is no such model
 */
export async function tokenize(
  models: Pick<OnDemandModels, "acquire">,
  body: TokenizeRequest,
  signal: AbortSignal,
): Promise<TokenizeAnswer> {
  const prompt = toPrompt(body);
  const lease = await models.acquire(body.model ?? undefined, signal);
  try {
    const { model } = lease;
    const tokens = await model.tokenize(prompt);
    const pieces = body.with_pieces ? { pieces: await model.detokenize(tokens) } : undefined;
    return { tokens, count: tokens.length, max_model_len: model.info.contextLength, ...pieces };
  } finally {
    lease.release();
  }
}

function toPrompt({ content, prompt, messages, add_special }: TokenizeRequest): Prompt {
  const given = [content, prompt, messages].filter((one) => one !== undefined && one !== null);
  if (given.length !== 1)
    throw invalidRequest("Exactly one of 'content', 'prompt' and 'messages' is needed", "content");
  if (messages) return { kind: "chat", messages: toTurns(messages) };
  const text = { kind: "text" as const, text: content ?? prompt ?? "" };
  return add_special === false ? { ...text, addSpecial: false } : text;
}
