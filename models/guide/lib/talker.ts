import { getLlama, type LlamaContextSequence, type LlamaModel } from "node-llama-cpp";
import { compileTemplate, type TemplateRenderer } from "../../../src/engine/worker/binding.ts";
import type { Tool, Turn } from "./chat-template.ts";

/** Longer than every answer. */
const MOST_TOKENS = 400;

/** A GGUF file in llama.cpp, asked through its own chat template at temperature 0. */
export class Talker implements AsyncDisposable {
  readonly model: LlamaModel;
  readonly #sequence: LlamaContextSequence;
  readonly #template: TemplateRenderer;

  /** @throws Error when the file can not be loaded or has no chat template */
  static async load(path: string): Promise<Talker> {
    const llama = await getLlama({ gpu: false, build: "never", progressLogs: false, maxThreads: 1 });
    const model = await llama.loadModel({ modelPath: path });
    const source = model.fileInfo.metadata.tokenizer?.chat_template;
    if (source === undefined) throw new Error(`${path} has no chat template`);
    const context = await model.createContext({ contextSize: 2048, threads: 1 });
    return new Talker(model, context.getSequence(), compileTemplate(llama, source));
  }

  private constructor(model: LlamaModel, sequence: LlamaContextSequence, template: TemplateRenderer) {
    this.model = model;
    this.#sequence = sequence;
    this.#template = template;
  }

  /** The prompt that the model is given. */
  rendered(messages: readonly Turn[], tools: readonly Tool[] = []): string {
    return this.#template.render({
      messages,
      tools: tools.length === 0 ? null : tools.map(asOpenAi),
      add_generation_prompt: true,
      bos_token: "",
      eos_token: "",
    });
  }

  async answer(messages: readonly Turn[], tools: readonly Tool[] = []): Promise<string> {
    const prompt = this.model.tokenize(this.rendered(messages, tools), true);
    await this.#sequence.clearHistory();
    const tokens = [];
    for await (const token of this.#sequence.evaluate(prompt, { temperature: 0 })) {
      if (this.model.isEogToken(token) || tokens.length === MOST_TOKENS) break;
      tokens.push(token);
    }
    return this.model.detokenize(tokens, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.model.dispose();
  }
}

const asOpenAi = ({ name, description, properties }: Tool) => ({
  type: "function",
  function: { name, description, parameters: { type: "object", properties, required: [] } },
});
