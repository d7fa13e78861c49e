import type { Command } from "commander";
import type { ChatMessage, ChatRequest } from "../schemas/chat.ts";
import { NO_LIMIT } from "../schemas/sampling.ts";
import { decimalNumber, wholeNumber } from "./numbers.ts";

/** How an answer is generated, as `chat` and `query` are told. */
export interface GenerationOptions {
  system?: string;
  temperature?: number;
  topP?: number;
  seed?: number;
  maxTokens?: number;
}

/** Lets a command take `GenerationOptions`. */
export function addGenerationOptions(command: Command): Command {
  return command
    .option("--system <text>", "what the model is told to be")
    .option("--temperature <number>", "0 always takes the likeliest token", decimalNumber(0, 2))
    .option("--top-p <number>", "share of the likeliest tokens to choose from", decimalNumber(0, 1))
    .option("--seed <number>", "the same seed repeats an answer", wholeNumber(0, 2 ** 32 - 1))
    .option(
      "--max-tokens <number>",
      "most tokens of an answer; -1 sets no limit",
      wholeNumber(1, undefined, NO_LIMIT),
    );
}

/** The system message, where one is wanted. */
export const systemMessage = ({ system }: GenerationOptions): ChatMessage[] =>
  system === undefined ? [] : [{ role: "system", content: system }];

/** The fields of a request that stay the same from one question to the next. */
export function generationFields(options: GenerationOptions): Omit<ChatRequest, "model" | "messages"> {
  return {
    temperature: options.temperature,
    top_p: options.topP,
    seed: options.seed,
    max_completion_tokens: options.maxTokens,
  };
}
