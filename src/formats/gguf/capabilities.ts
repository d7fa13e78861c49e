import type { GgufHeader } from "./header.ts";

/** What a model is good for, as far as its file tells. */
export type Capability = "chat" | "tools" | "reasoning" | "embeddings" | "rerank" | "infill";

/** `LLAMA_POOLING_TYPE_RANK` of llama.h: one score for the whole text. */
const POOLING_RANK = 4;

/** Architectures that read a text and write none (llama.cpp, `llm_arch`). */
const ENCODERS =
  /^(?:bert|nomic-bert|nomic-bert-moe|jina-bert-v2|jina-bert-v3|neo-bert|modern-bert|eurobert|gemma-embedding|t5encoder)$/;

/** The token before what was left out, under its two names. */
const INFILL_KEYS = ["tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id"];

/** Reads capabilities off the pooling, the chat template and the vocabulary; a model without any completes text. */
export function capabilitiesOf(header: GgufHeader): Capability[] {
  const pooling = header.hyperparameter("pooling_type");
  const isEncoder = ENCODERS.test(header.architecture ?? "");
  if (pooling === POOLING_RANK || header.tensors.some(({ name }) => name.startsWith("cls.")))
    return ["rerank"];
  if (isEncoder || (pooling !== null && pooling > 0)) return ["embeddings"];
  const template = header.text("tokenizer.chat_template") ?? "";
  const capabilities: Capability[] = [];
  if (template !== "") capabilities.push("chat");
  if (/\btools\b|tool_calls?\b/.test(template)) capabilities.push("tools");
  if (/<think>|<\|?thinking\|?>|enable_thinking|reasoning_content|<\|channel\|>/.test(template))
    capabilities.push("reasoning");
  if (INFILL_KEYS.some((key) => header.number(key) !== null)) capabilities.push("infill");
  return capabilities;
}
