import type { ChatTurn } from "../engine/engine.ts";
import { invalidRequest, unsupportedParameter } from "../errors.ts";
import type { ChatMessage, ContentPart, ToolCall } from "../schemas/chat.ts";

/** Content parts that the OpenAI API and its relatives know, and that need more than a text model. */
const MEDIA = new Set([
  "image_url",
  "input_image",
  "image",
  "input_audio",
  "audio",
  "audio_url",
  "video_url",
  "input_video",
  "file",
  "input_file",
]);

/**
 * The messages of a request as chat templates expect them.
 * @throws ApiError `unsupported_parameter` for images, audio and files; `invalid_value` or
 * `missing_required_parameter` naming the message at fault
 */
export function toTurns(messages: ChatMessage[]): ChatTurn[] {
  return messages.map(toTurn);
}

function toTurn(message: ChatMessage, index: number): ChatTurn {
  const path = `messages.${index}`;
  const { name, tool_call_id, reasoning_content } = message;
  const calls = message.role === "assistant" ? (message.tool_calls ?? []) : [];
  const turn: ChatTurn = {
    // Templates know no developer; it is what system is called for newer models.
    role: message.role === "developer" ? "system" : message.role,
    content: toText(message, calls.length > 0, `${path}.content`),
  };
  if (name) turn.name = name;
  if (tool_call_id) turn.tool_call_id = tool_call_id;
  if (reasoning_content && message.role === "assistant") turn.reasoning_content = reasoning_content;
  if (calls.length > 0) turn.tool_calls = calls.map((call, at) => toCall(call, `call_${index}_${at}`));
  return turn;
}

/** `null` only beside tool calls: most templates can not print it. */
function toText({ role, content }: ChatMessage, hasCalls: boolean, path: string): string | null {
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return content.map((part, at) => partText(part, `${path}.${at}`)).join("\n");
  if (role === "assistant") return hasCalls ? null : "";
  throw invalidRequest(
    `'${path}' is required in a message of role ${role}`,
    path,
    "missing_required_parameter",
  );
}

function partText(part: ContentPart, path: string): string {
  if (part.type === "text") {
    if (part.text !== undefined) return part.text;
    throw invalidRequest(`'${path}.text' is required`, `${path}.text`, "missing_required_parameter");
  }
  // What a model refused with earlier is text like any other.
  if (part.type === "refusal" && "refusal" in part && typeof part.refusal === "string") return part.refusal;
  if (MEDIA.has(part.type))
    throw unsupportedParameter(
      `${path}.type`,
      `'${path}' is a part of type '${part.type}', and this model reads text only`,
    );
  throw invalidRequest(`'${path}.type' is not known: expected "text"`, `${path}.type`);
}

function toCall({ id, function: called }: ToolCall, fallback: string) {
  const { name, arguments: args } = called;
  return { id: id ?? fallback, type: "function" as const, function: { name, arguments: args } };
}
