import { createInterface, type Interface } from "node:readline";
import { styleText } from "node:util";
import { CommandError } from "../client/command-error.ts";
import { tell, say } from "../terminal/output.ts";
import type { AnswerFigures, Conversation } from "./conversation.ts";

const HELP = `  /clear          forget what was said
  /retry          ask the last question again
  /system <text>  say what the model is to be
  /exit           leave (Ctrl-D, too)
  """             begins and ends a text of several lines
  Ctrl-C          stops an answer`;

const COMMANDS = ["/clear", "/retry", "/system ", "/exit", "/help"];
const FENCE = '"""';

/**
 * Questions from the keyboard or from a pipe, line by line; answers as they come, or for a program each as one line of
 * JSON when it is whole.
 */
export class ChatLoop {
  readonly #conversation: Conversation;
  readonly #lines: Interface;
  readonly #json: boolean;
  readonly #terminal: boolean;
  #answering: AbortController | null = null;
  /** The lines of a text that is not ended yet. */
  #block: string[] | null = null;

  constructor(conversation: Conversation, { json = false } = {}) {
    this.#conversation = conversation;
    this.#json = json;
    this.#terminal = !json && process.stdin.isTTY === true && process.stdout.isTTY === true;
    this.#lines = createInterface({
      input: process.stdin,
      output: this.#terminal ? process.stdout : undefined,
      terminal: this.#terminal,
      prompt: ">>> ",
      completer: (line: string) => [
        COMMANDS.filter((command) => line !== "" && command.startsWith(line)),
        line,
      ],
    });
    this.#lines.on("SIGINT", () => this.#interrupted());
  }

  /** Resolves when the person leaves or the pipe ends. */
  async run(): Promise<void> {
    if (this.#terminal) say(styleText("dim", "Type a message; /help tells the commands, Ctrl-D leaves."));
    this.#prompt();
    for await (const line of this.#lines) {
      if (!(await this.#take(line))) break;
      this.#prompt();
    }
    // A person who leaves within a text has not said it; a pipe that ends there has.
    if (this.#block && !this.#terminal) await this.#ask(this.#block.join("\n").trim());
    this.#lines.close();
  }

  /** @returns whether to go on */
  async #take(line: string): Promise<boolean> {
    const isFenced = this.#block !== null || line.trimStart().startsWith(FENCE);
    const text = this.#wholeText(line);
    if (text === null || text === "") return true;
    if (isFenced || !text.startsWith("/")) await this.#ask(text);
    else if (text === "/exit" || text === "/bye" || text === "/quit") return false;
    else await this.#command(text);
    return true;
  }

  /** A line, or the whole of a fenced text; `null` while that goes on. */
  #wholeText(line: string): string | null {
    if (this.#block === null) {
      if (!line.trimStart().startsWith(FENCE)) return line.trim();
      const first = line.trimStart().slice(FENCE.length);
      if (first.endsWith(FENCE)) return first.slice(0, -FENCE.length).trim();
      this.#block = [first];
      return null;
    }
    const end = line.trimEnd().endsWith(FENCE);
    this.#block.push(end ? line.trimEnd().slice(0, -FENCE.length) : line);
    if (!end) return null;
    const text = this.#block.join("\n").trim();
    this.#block = null;
    return text;
  }

  async #command(text: string): Promise<void> {
    const [name, ...words] = text.split(" ");
    if (name === "/clear") {
      this.#conversation.clear();
      tell("Forgotten.");
    } else if (name === "/system") this.#conversation.system = words.join(" ").trim();
    else if (name === "/retry") {
      const question = this.#conversation.takeBack();
      if (question === null) tell("Nothing was asked yet.");
      else await this.#ask(question);
    } else tell(name === "/help" ? HELP : `There is no ${name}:\n${HELP}`);
  }

  async #ask(text: string): Promise<void> {
    if (this.#json) return say(JSON.stringify(await this.#conversation.complete(text)));
    this.#answering = new AbortController();
    const { signal } = this.#answering;
    try {
      const figures = await this.#conversation.ask(text, (piece) => process.stdout.write(piece), signal);
      process.stdout.write("\n");
      if (figures && this.#terminal) tell(styleText("dim", figuresText(figures)));
    } catch (error) {
      process.stdout.write("\n");
      if (signal.aborted) return tell(styleText("dim", "(stopped)"));
      // One question that fails is no reason to leave; a script has to hear of it.
      if (!this.#terminal || !(error instanceof CommandError)) throw error;
      tell(`error: ${error.message}`);
    } finally {
      this.#answering = null;
    }
  }

  #interrupted(): void {
    if (this.#answering) return this.#answering.abort();
    this.#block = null;
    if (this.#lines.line === "") tell("\n(Ctrl-D or /exit leaves)");
    else process.stdout.write("\n");
    // Control-U of the line editor: what was typed is gone.
    this.#lines.write(null, { ctrl: true, name: "u" });
    this.#prompt();
  }

  #prompt(): void {
    if (!this.#terminal) return;
    this.#lines.setPrompt(this.#block === null ? ">>> " : "... ");
    this.#lines.prompt();
  }
}

function figuresText({ tokens, tokensPerSecond, finishReason }: AnswerFigures): string {
  const cut = finishReason === "length" ? ", cut at the token limit" : "";
  const speed = tokensPerSecond > 0 ? `, ${tokensPerSecond.toFixed(1)} a second` : "";
  return `(${tokens} ${tokens === 1 ? "token" : "tokens"}${speed}${cut})`;
}
