import { fileTypeName } from "./file-type.ts";
import type { Metadata } from "./metadata.ts";
import type { TensorType } from "./tensor-type.ts";

export interface TensorInfo {
  name: string;
  /** Elements per dimension, the fastest-moving first. */
  shape: readonly number[];
  type: TensorType;
  /** From the beginning of the tensor data, in bytes. */
  offset: number;
  bytes: number;
}

export interface GgufParts {
  version: number;
  metadata: Metadata;
  tensors: readonly TensorInfo[];
  dataOffset: number;
  fileSize: number;
}

/** `general.file_type` carries this flag when the type was guessed. */
const GUESSED = 1024;

/** What a GGUF file says about itself, without its weights. */
export class GgufHeader {
  readonly version: number;
  readonly metadata: Metadata;
  readonly tensors: readonly TensorInfo[];
  /** Where the tensor data begins, in bytes. */
  readonly dataOffset: number;
  /** Of this file alone, also where a model is split over several; in bytes. */
  readonly fileSize: number;

  constructor({ version, metadata, tensors, dataOffset, fileSize }: GgufParts) {
    this.version = version;
    this.metadata = metadata;
    this.tensors = tensors;
    this.dataOffset = dataOffset;
    this.fileSize = fileSize;
  }

  /** `null` when the file holds no model, e.g. the later parts of a split one. */
  get architecture(): string | null {
    return this.text("general.architecture");
  }

  /** Whether it changes a model instead of holding one, as a LoRA adapter does. */
  get isAdapter(): boolean {
    return this.text("general.type") === "adapter";
  }

  /** Count of tokens; `null` when the file brings no vocabulary. */
  get vocabularySize(): number | null {
    const entry = this.metadata.get("tokenizer.ggml.tokens");
    return entry?.type === "array" ? entry.length : null;
  }

  /** What its makers call the model. */
  get name(): string | null {
    return this.text("general.name");
  }

  /** The context length the model was trained for, in tokens. */
  get contextLength(): number | null {
    return this.hyperparameter("context_length");
  }

  /** E.g. `Q4_K_M`; where the file does not say, the type that takes the most bytes. */
  get quantisation(): string | null {
    const id = this.number("general.file_type");
    return (id === null ? null : fileTypeName(id % GUESSED)) ?? this.#largestType();
  }

  /** Count of weights in this file. */
  get parameters(): number {
    return this.tensors.reduce((all, { shape }) => all + shape.reduce((product, n) => product * n, 1), 0);
  }

  get hasChatTemplate(): boolean {
    return Boolean(this.text("tokenizer.chat_template"));
  }

  /** A number of the architecture, e.g. `block_count` for `llama.block_count`. */
  hyperparameter(key: string): number | null {
    return this.number(`${this.architecture}.${key}`);
  }

  /** @returns `null` when the key is missing or no text */
  text(key: string): string | null {
    const entry = this.metadata.get(key);
    return entry?.type === "string" ? String(entry.value) : null;
  }

  /** @returns `null` when the key is missing or no number */
  number(key: string): number | null {
    const entry = this.metadata.get(key);
    if (!entry || entry.type === "array") return null;
    return typeof entry.value === "number" || typeof entry.value === "bigint" ? Number(entry.value) : null;
  }

  #largestType(): string | null {
    const bytes = new Map<string, number>();
    for (const { type, bytes: size } of this.tensors)
      bytes.set(type.name, (bytes.get(type.name) ?? 0) + size);
    const [largest] = [...bytes].toSorted(([, a], [, b]) => b - a);
    return largest?.[0] ?? null;
  }
}
