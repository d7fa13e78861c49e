import { expect, test } from "bun:test";
import { capabilitiesOf } from "../../src/formats/gguf/capabilities.ts";
import { GgufHeader, type TensorInfo } from "../../src/formats/gguf/header.ts";
import { string, uint32 } from "../../src/formats/gguf/metadata.ts";
import { tensorType } from "../../src/formats/gguf/tensor-type.ts";

function header(
  architecture: string,
  more: Record<string, string | number>,
  tensors: string[] = [],
): GgufHeader {
  const entries = Object.entries({ "general.architecture": architecture, ...more }).map(
    ([key, value]) => [key, typeof value === "string" ? string(value) : uint32(value)] as const,
  );
  const type = tensorType("F32");
  const list = tensors.map((name): TensorInfo => ({ name, shape: [1], type, offset: 0, bytes: 4 }));
  return new GgufHeader({
    version: 3,
    metadata: new Map(entries),
    tensors: list,
    dataOffset: 0,
    fileSize: 0,
  });
}

const template = (text: string) => ({ "tokenizer.chat_template": text });

test.each([
  ["llama", {}, [], []],
  ["llama", template("{{ messages }}"), [], ["chat"]],
  ["qwen3", template("{% if tools %}…{% endif %}<think>"), [], ["chat", "tools", "reasoning"]],
  ["gpt-oss", template("<|channel|>analysis {{ tools }}"), [], ["chat", "tools", "reasoning"]],
  ["qwen2", { ...template("x"), "tokenizer.ggml.fim_pre_token_id": 7 }, [], ["chat", "infill"]],
  ["bert", { "bert.pooling_type": 2 }, [], ["embeddings"]],
  ["nomic-bert", {}, [], ["embeddings"]],
  ["qwen3", { ...template("x"), "qwen3.pooling_type": 3 }, [], ["embeddings"]],
  ["bert", { "bert.pooling_type": 4 }, [], ["rerank"]],
  ["bert", {}, ["cls.weight"], ["rerank"]],
])("a %s model with %j can do what its file tells", (architecture, metadata, tensors, expected) => {
  expect<string[]>(capabilitiesOf(header(architecture, metadata, tensors))).toEqual(expected);
});
