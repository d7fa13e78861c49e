import { float32, string, uint32, type MetadataValue } from "./metadata.ts";
import { fileTypeId } from "./file-type.ts";
import type { NewTensor } from "./write.ts";
import type { Quantisation } from "./quantise.ts";

/** The shape of a model of llama.cpp's `llama` architecture. */
export interface LlamaShape {
  layers: number;
  /** Width of the residual stream; a multiple of `heads` and of 32. */
  embedding: number;
  heads: number;
  /** Heads that share keys and values among `heads / kvHeads` query heads. */
  kvHeads: number;
  feedForward: number;
  contextLength: number;
  vocabulary: number;
}

export interface LlamaTensor {
  name: string;
  shape: readonly number[];
}

/** Names and shapes of all tensors, in the order llama.cpp's own converter writes them. */
export function* llamaTensors(shape: LlamaShape, tiedOutput = false): Generator<LlamaTensor> {
  const { embedding, feedForward, vocabulary } = shape;
  const kv = (embedding / shape.heads) * shape.kvHeads;
  yield { name: "token_embd.weight", shape: [embedding, vocabulary] };
  for (let layer = 0; layer < shape.layers; layer++) {
    const block = `blk.${layer}`;
    yield { name: `${block}.attn_norm.weight`, shape: [embedding] };
    yield { name: `${block}.attn_q.weight`, shape: [embedding, embedding] };
    yield { name: `${block}.attn_k.weight`, shape: [embedding, kv] };
    yield { name: `${block}.attn_v.weight`, shape: [embedding, kv] };
    yield { name: `${block}.attn_output.weight`, shape: [embedding, embedding] };
    yield { name: `${block}.ffn_norm.weight`, shape: [embedding] };
    yield { name: `${block}.ffn_gate.weight`, shape: [embedding, feedForward] };
    yield { name: `${block}.ffn_up.weight`, shape: [embedding, feedForward] };
    yield { name: `${block}.ffn_down.weight`, shape: [feedForward, embedding] };
  }
  yield { name: "output_norm.weight", shape: [embedding] };
  if (!tiedOutput) yield { name: "output.weight", shape: [embedding, vocabulary] };
}

/** Vectors (the norms) stay in F32, as llama.cpp demands; matrices take the model's quantisation. */
export const storedAs = (tensor: LlamaTensor, quantisation: Quantisation): NewTensor["type"] =>
  tensor.shape.length === 1 ? "F32" : quantisation;

/** The hyperparameters; `general.*` beyond architecture and file type and the tokeniser are the caller's. */
export const llamaMetadata = (
  shape: LlamaShape,
  quantisation: Quantisation,
): [key: string, value: MetadataValue][] => [
  ["general.architecture", string("llama")],
  ["general.type", string("model")],
  ["general.file_type", uint32(fileTypeId(quantisation))],
  ["general.quantization_version", uint32(2)],
  ["llama.block_count", uint32(shape.layers)],
  ["llama.context_length", uint32(shape.contextLength)],
  ["llama.embedding_length", uint32(shape.embedding)],
  ["llama.feed_forward_length", uint32(shape.feedForward)],
  ["llama.attention.head_count", uint32(shape.heads)],
  ["llama.attention.head_count_kv", uint32(shape.kvHeads)],
  ["llama.attention.layer_norm_rms_epsilon", float32(1e-5)],
  ["llama.rope.dimension_count", uint32(shape.embedding / shape.heads)],
  ["llama.rope.freq_base", float32(10_000)],
  ["llama.vocab_size", uint32(shape.vocabulary)],
];
