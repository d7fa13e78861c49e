import type { ChatTurn } from "../engine/engine.ts";
import type { DeploymentDefaults } from "../schemas/deployment.ts";

/** What a deployment adds to requests that do not say otherwise. */
export interface RequestDefaults {
  /** Goes before chats without a system message of their own. */
  systemPrompt: string | null;
  /** Sampling fields by the names that requests have for them. */
  fields: DeploymentDefaults;
}

export const NO_DEFAULTS: RequestDefaults = { systemPrompt: null, fields: {} };

/** The fields of a request; those that are unset or null as the deployment has them. */
export function withDefaults<T extends object>(body: T, { fields }: RequestDefaults): T {
  const said = Object.entries(body).filter(([, value]) => value !== null && value !== undefined);
  const merged = { ...body, ...fields, ...Object.fromEntries(said) };
  // Two names of one field: the deployment's must not hide the request's.
  if (!said.some(([name]) => name === "repetition_penalty")) return merged;
  const { repeat_penalty: own } = body as { repeat_penalty?: number | null };
  return { ...merged, repeat_penalty: own };
}

/** The messages, after the deployment's system prompt unless they bring one. */
export function withSystemPrompt(messages: ChatTurn[], { systemPrompt }: RequestDefaults): ChatTurn[] {
  if (systemPrompt === null || messages.some(({ role }) => role === "system")) return messages;
  return [{ role: "system", content: systemPrompt }, ...messages];
}
