import type { Llama } from "node-llama-cpp";
import { invalidRequest } from "../../errors.ts";
import type { ChatTurn } from "../engine.ts";
import { compileTemplate, type TemplateRenderer } from "./binding.ts";

/** Stands inside a control token's text in a message, so that it is not read as that token. Nobody can know it. */
const BREAK = crypto.randomUUID();

export interface TemplateOptions {
  bosText: string;
  eosText: string;
  /** Texts that tokenise to control tokens; what clients write must not become one. */
  controlTexts: readonly string[];
}

/** A model's own chat template, rendered by llama.cpp's Jinja engine. */
export class ChatTemplate {
  readonly #renderer: TemplateRenderer;
  readonly #options: TemplateOptions;
  /** Whether a system message is rendered; else it is put in front of the first user message. */
  readonly #takesSystem: boolean;
  /** Whether the arguments of tool calls are expected as an object instead of JSON text. */
  readonly #takesObjects: boolean;

  /** @throws Error when the template does not parse */
  static compile(llama: Llama, source: string, options: TemplateOptions): ChatTemplate {
    return new ChatTemplate(compileTemplate(llama, source), options);
  }

  constructor(renderer: TemplateRenderer, options: TemplateOptions) {
    this.#renderer = renderer;
    this.#options = options;
    const system = { role: "system", content: "probe-system" };
    this.#takesSystem = this.#probe([system, ASKED]).includes(system.content);
    const [key, value] = ["probe_key", "probe_value"];
    const asObject = this.#probe([ASKED, calling({ [key]: value })]);
    const asText = this.#probe([ASKED, calling(JSON.stringify({ [key]: value }))]);
    const shows = (text: string) => text.includes(key) && text.includes(value);
    // JSON that the template makes itself; or a spelling of its own, for which it goes through keys and values.
    this.#takesObjects = asObject.includes(`"${key}": "${value}"`) || (shows(asObject) && !shows(asText));
  }

  /**
   * Renders the messages and the beginning of the answer.
   * @returns the text in parts: a control token's text that a message spelled out is broken in two there, so
   * the parts must be tokenised one by one. Mostly a single part.
   * @throws ApiError 400 with what the template raised
   */
  render(turns: readonly ChatTurn[]): string[] {
    const { controlTexts } = this.#options;
    const messages = turns.map((turn) => this.#message(turn, controlTexts));
    try {
      return this.#render(this.#takesSystem ? messages : withoutSystem(messages)).split(BREAK);
    } catch (error) {
      throw invalidRequest(
        `The model's chat template refused the messages: ${raised(error)}`,
        "messages",
        "chat_template_error",
      );
    }
  }

  #message(turn: ChatTurn, controls: readonly string[]): Message {
    const { role, ...said } = turn;
    const message = { ...said, content: said.content ?? "" };
    if (!message.tool_calls || !this.#takesObjects) return { role, ...harmless(message, controls) };
    const tool_calls = message.tool_calls.map((call) => ({
      ...call,
      function: { ...call.function, arguments: parsed(call.function.arguments) },
    }));
    return { role, ...harmless({ ...message, tool_calls }, controls) };
  }

  #render(messages: readonly Message[]): string {
    const { bosText, eosText } = this.#options;
    return this.#renderer.render({
      messages,
      tools: null,
      add_generation_prompt: true,
      bos_token: bosText,
      eos_token: eosText,
    });
  }

  /** What becomes of these messages; nothing where the template refuses them. */
  #probe(messages: Message[]): string {
    try {
      return this.#render(messages);
    } catch {
      return "";
    }
  }
}

interface Message {
  role: string;
  content: string;
  reasoning_content?: string;
  tool_calls?: unknown[];
}

const ASKED: Message = { role: "user", content: "probe-user" };

const calling = (args: unknown): Message => ({
  role: "assistant",
  content: "",
  tool_calls: [{ id: "call00001", type: "function", function: { name: "probe", arguments: args } }],
});

/** The same with every control token's text broken behind its first character, wherever it stands. */
function harmless<T>(value: T, controls: readonly string[]): T {
  const safe = (part: unknown): unknown => {
    if (typeof part === "string") return broken(part, controls);
    if (Array.isArray(part)) return part.map(safe);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, held]) => [broken(key, controls), safe(held)]));
  };
  return safe(value) as T;
}

function broken(text: string, controls: readonly string[]): string {
  let safe = text;
  for (const control of controls)
    if (safe.includes(control)) {
      const [first = ""] = control;
      safe = safe.replaceAll(control, first + BREAK + control.slice(first.length));
    }
  return safe;
}

/** Templates without a system role refuse or drop such messages; llama-server moves them the same way. */
function withoutSystem(messages: readonly Message[]): Message[] {
  const moved: Message[] = [];
  let system = "";
  for (const message of messages) {
    if (message.role === "system") system += `${message.content}\n`;
    else if (message.role === "user" && system !== "") {
      moved.push({ ...message, content: system + message.content });
      system = "";
    } else moved.push(message);
  }
  if (system !== "") moved.push({ role: "user", content: system.trimEnd() });
  return moved;
}

/** Many clients write an empty text for a call without arguments. */
function parsed(json: string): unknown {
  if (json.trim() === "") return {};
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** The last sentence of an error such as `AddonJinjaRenderer: … \nError: Jinja Exception: …`, without its excerpt. */
function raised(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const sentence = message.split("\nError: ").at(-1) ?? message;
  return sentence.replace(/^(AddonJinjaRenderer: [^:]*|Jinja Exception): /, "").trim();
}
