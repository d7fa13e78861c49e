import { Vocabulary } from "../../src/formats/bpe/vocabulary.ts";
import { float32, type MetadataValue, string, uint32 } from "../../src/formats/gguf/metadata.ts";
import { type NewTensor, writeGguf } from "../../src/formats/gguf/write.ts";
import { seeded } from "./random.ts";

/*
 * Small random models of architectures whose state can not be cut back at any position: one with sliding
 * windows, one recurrent. Byte vocabulary, no chat template, F32.
 */

const EMBEDDING = 64;
const LAYERS = 4;
const CONTEXT = 2048;

/** Tokens a layer of the windowed model looks back on; every fourth layer looks back on all. */
export const WINDOW = 64;

/** Cohere's Command R7B in small. @returns `path` */
export async function writeWindowedModel(path: string): Promise<string> {
  const feedForward = 128;
  await write(
    path,
    "cohere2",
    {
      feed_forward_length: uint32(feedForward),
      "attention.head_count": uint32(4),
      "attention.head_count_kv": uint32(2),
      "attention.layer_norm_epsilon": float32(1e-5),
      "attention.sliding_window": uint32(WINDOW),
      "rope.dimension_count": uint32(EMBEDDING / 4),
      "rope.freq_base": float32(10_000),
      logit_scale: float32(1),
    },
    {
      "attn_norm.weight": [EMBEDDING],
      "attn_q.weight": [EMBEDDING, EMBEDDING],
      "attn_k.weight": [EMBEDDING, EMBEDDING / 2],
      "attn_v.weight": [EMBEDDING, EMBEDDING / 2],
      "attn_output.weight": [EMBEDDING, EMBEDDING],
      "ffn_gate.weight": [EMBEDDING, feedForward],
      "ffn_up.weight": [EMBEDDING, feedForward],
      "ffn_down.weight": [feedForward, EMBEDDING],
    },
  );
  return path;
}

/** Mamba in small. @returns `path` */
export async function writeRecurrentModel(path: string): Promise<string> {
  const [inner, state, rank, kernel] = [EMBEDDING * 2, 16, 8, 4];
  await write(
    path,
    "mamba",
    {
      feed_forward_length: uint32(0),
      "attention.head_count": uint32(0),
      "attention.layer_norm_rms_epsilon": float32(1e-5),
      "ssm.conv_kernel": uint32(kernel),
      "ssm.inner_size": uint32(inner),
      "ssm.state_size": uint32(state),
      "ssm.time_step_rank": uint32(rank),
    },
    {
      "attn_norm.weight": [EMBEDDING],
      "ssm_in.weight": [EMBEDDING, inner * 2],
      "ssm_conv1d.weight": [kernel, inner],
      "ssm_conv1d.bias": [inner],
      "ssm_x.weight": [inner, rank + state * 2],
      "ssm_dt.weight": [rank, inner],
      "ssm_dt.bias": [inner],
      ssm_a: [state, inner],
      ssm_d: [inner],
      "ssm_out.weight": [inner, EMBEDDING],
    },
  );
  return path;
}

async function write(
  path: string,
  architecture: string,
  hyperparameters: Record<string, MetadataValue>,
  layer: Record<string, number[]>,
): Promise<void> {
  const vocabulary = new Vocabulary({ merges: [] });
  const random = seeded(1);
  const tensor = (name: string, shape: number[]): NewTensor => ({
    name,
    shape,
    type: "F32",
    data: () => weights(name, shape, random),
  });
  await writeGguf(path, {
    metadata: new Map<string, MetadataValue>([
      ["general.architecture", string(architecture)],
      ["general.file_type", uint32(0)],
      [`${architecture}.block_count`, uint32(LAYERS)],
      [`${architecture}.context_length`, uint32(CONTEXT)],
      [`${architecture}.embedding_length`, uint32(EMBEDDING)],
      [`${architecture}.vocab_size`, uint32(vocabulary.size)],
      ...Object.entries(hyperparameters).map(([key, value]) => [`${architecture}.${key}`, value] as const),
      ...vocabulary.metadata(),
    ]),
    tensors: [
      tensor("token_embd.weight", [EMBEDDING, vocabulary.size]),
      ...Array.from({ length: LAYERS }, (_, index) =>
        Object.entries(layer).map(([name, shape]) => tensor(`blk.${index}.${name}`, shape)),
      ).flat(),
      tensor("output_norm.weight", [EMBEDDING]),
    ],
  });
}

function weights(name: string, shape: number[], random: () => number): Float32Array {
  const [columns = 1, rows = 1] = shape;
  if (name.endsWith("norm.weight")) return new Float32Array(columns).fill(1);
  // Output and embedding are one matrix: a layer that whispers would only ever repeat the last token.
  const loudness = /attn_output|ffn_down|ssm_out/.test(name) ? 8 : 1;
  const spread = name === "token_embd.weight" ? 1 : loudness / Math.sqrt(columns);
  const draw = () => (random() * 2 - 1) * Math.sqrt(3) * spread;
  // A state has to fade, so its decay is negative.
  const value = name.endsWith("ssm_a") ? () => -0.01 - random() : draw;
  return Float32Array.from({ length: columns * rows }, value);
}
