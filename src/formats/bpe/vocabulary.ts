import { array, bool, string, strings, uint32, type MetadataValue } from "../gguf/metadata.ts";
import { byteCharacters } from "./byte-alphabet.ts";
import type { Merge } from "./train.ts";
import { PRE_TOKENISER } from "./words.ts";

/** ids of `tokenizer.ggml.token_type` in llama.cpp */
const TOKEN_TYPE = { normal: 1, control: 3, userDefined: 4 } as const;

/** Tokens with a meaning of their own; text never turns into them unless special tokens are asked for. */
const END_OF_TEXT = "<|endoftext|>";
export const TURN_START = "<|im_start|>";
export const TURN_END = "<|im_end|>";
const CONTROL_TOKENS = [END_OF_TEXT, TURN_START, TURN_END] as const;

export interface VocabularyParts {
  /** Most important first, as `trainMerges` returns them. */
  merges: readonly Merge[];
  /** Plain text that is one token wherever it occurs, longest first, before any merge. */
  phrases?: readonly string[];
  /** Tokens in byte characters that no merge leads to: a model can say them, no prompt holds them. */
  unreachable?: readonly string[];
  chatTemplate?: string;
}

/** A byte-level BPE vocabulary: which text each token id stands for. Ids: bytes, control tokens, merges, phrases, the rest. */
export class Vocabulary {
  /** Token texts as a GGUF file holds them, by id: in byte characters, except control tokens and phrases. */
  readonly tokens: readonly string[];
  readonly merges: readonly Merge[];
  readonly #types: readonly number[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #chatTemplate: string | null;

  /** @throws RangeError when two tokens have the same text */
  constructor({ merges, phrases = [], unreachable = [], chatTemplate }: VocabularyParts) {
    // Two merges may lead to the same token from different sides.
    const merged = [...new Set(merges.map(([left, right]) => left + right))];
    const groups: [texts: readonly string[], type: number][] = [
      [byteCharacters(), TOKEN_TYPE.normal],
      [CONTROL_TOKENS, TOKEN_TYPE.control],
      [merged, TOKEN_TYPE.normal],
      [phrases, TOKEN_TYPE.userDefined],
      [unreachable, TOKEN_TYPE.normal],
    ];
    this.tokens = groups.flatMap(([texts]) => texts);
    this.#types = groups.flatMap(([texts, type]) => texts.map(() => type));
    this.#ids = new Map(this.tokens.map((text, id) => [text, id]));
    if (this.#ids.size !== this.tokens.length) {
      const twice = this.tokens.find((text, id) => this.#ids.get(text) !== id);
      throw new RangeError(`the vocabulary holds the token '${twice}' twice`);
    }
    this.merges = merges;
    this.#chatTemplate = chatTemplate ?? null;
  }

  get size(): number {
    return this.tokens.length;
  }

  /** @throws RangeError when no token has this text (in byte characters, unless control token or phrase) */
  id(token: string): number {
    const id = this.#ids.get(token);
    if (id === undefined) throw new RangeError(`the vocabulary holds no token '${token}'`);
    return id;
  }

  isControl(id: number): boolean {
    return this.#types[id] === TOKEN_TYPE.control;
  }

  /** What llama.cpp reads the tokeniser from. */
  metadata(): Map<string, MetadataValue> {
    const entries = new Map<string, MetadataValue>([
      ["tokenizer.ggml.model", string("gpt2")],
      ["tokenizer.ggml.pre", string(PRE_TOKENISER)],
      ["tokenizer.ggml.tokens", strings(this.tokens)],
      ["tokenizer.ggml.token_type", array("int32", this.#types)],
      ["tokenizer.ggml.merges", strings(this.merges.map((pair) => pair.join(" ")))],
      ["tokenizer.ggml.bos_token_id", uint32(this.id(END_OF_TEXT))],
      ["tokenizer.ggml.eos_token_id", uint32(this.id(TURN_END))],
      ["tokenizer.ggml.padding_token_id", uint32(this.id(END_OF_TEXT))],
      ["tokenizer.ggml.add_bos_token", bool(false)],
      ["tokenizer.ggml.add_eos_token", bool(false)],
    ]);
    if (this.#chatTemplate !== null) entries.set("tokenizer.chat_template", string(this.#chatTemplate));
    return entries;
  }
}
