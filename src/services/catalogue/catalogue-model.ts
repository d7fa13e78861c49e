import type { Purpose } from "../../schemas/recommendation.ts";

/** Layers that keep keys and values. */
export interface CacheLayers {
  layers: number;
  heads: number;
  /** Numbers of a key, and of a value where they differ. */
  keyLength: number;
  valueLength?: number;
  /** Only so many of the last tokens are kept; all of them where it is left out. */
  window?: number;
}

export interface CatalogueFile {
  quantisation: string;
  bytes: number;
  /** Where the quantisation alone does not name one file of the repository. */
  path?: string;
}

/** An open model as public material describes it. */
export interface CatalogueModel {
  name: string;
  maker: string;
  /** Year and month of the release. */
  released: string;
  parameters: number;
  /** Of a mixture of experts, those that a token goes through. */
  active?: number;
  layers: number;
  cache: CacheLayers[];
  /** Of recurrent layers, for a slot. */
  stateBytes?: number;
  contextLength: number;
  licence: string;
  /** How good it is for each purpose, from 0 to 100 and in our own judgement of published results; missing: not made for it. */
  rating: Partial<Record<Purpose, number>>;
  strengths: string;
  /** With GGUF files. */
  repository: string;
  /** The smallest first. */
  files: CatalogueFile[];
  sources: Source[];
}

/** Where facts come from and when they were read there. */
export interface Source {
  facts: string;
  url: string;
  /** ISO 8601. */
  date: string;
}

export const billion = (count: number) => Math.round(count * 1e9);
const MIB = 2 ** 20;

/** Files by quantisation, in GiB. */
export const gibibytes = (sizes: Record<string, number>): CatalogueFile[] =>
  Object.entries(sizes).map(([quantisation, size]) => ({
    quantisation,
    bytes: Math.round(size * 1024 * MIB),
  }));

/** Files by quantisation, in MiB. */
export const mebibytes = (sizes: Record<string, number>): CatalogueFile[] =>
  Object.entries(sizes).map(([quantisation, size]) => ({ quantisation, bytes: Math.round(size * MIB) }));

/** Sizes of files to a tenth of a unit. */
export const SIZES: Source = {
  facts: "repository and file sizes",
  url: "https://github.com/janhq/model-catalog/blob/5410b10/model_catalog_v2.json",
  date: "2026-05-05",
};

/** Made from the models' own `config.json`. */
export const FITLLM: Source = {
  facts: "layers, KV geometry and context",
  url: "https://fitllm.run/can-i-run/llm-memory-architecture-reference",
  date: "2026-06-01",
};

/** A page for each model, with its KV-bearing layers. */
export const fitMyGpu = (model: string): Source => ({
  facts: "layers, KV heads, context and licence",
  url: `https://www.fitmygpu.com/models/${model}`,
  date: "2026-11-23",
});

/** Something read on the day the entry was made, unless said otherwise. */
export const page = (facts: string, url: string, date = "2026-11-23"): Source => ({ facts, url, date });

/** NVIDIA's account of both models of OpenAI. */
export const GPT_OSS = page(
  "layers, KV geometry and context",
  "https://docs.nvidia.com/nemo/megatron-bridge/0.4.0/models/llm/gpt-oss.html",
  "2026-11-29",
);

/** Of both models of OpenAI; their repository, explained. */
export const GPT_OSS_WINDOWS = page(
  "alternating windows",
  "https://deepwiki.com/openai/gpt-oss/2.2-gpt-oss-20b",
);

/** Of IBM's own account of its models. */
export const GRANITE = page(
  "layers, KV geometry and licence",
  "https://arc-codex.com/article/b152637ab673996f473efcd13d58ff2b",
);
