import { LlamaVocabularyType, type LlamaModel, type Token } from "node-llama-cpp";
import { byteCharacters } from "../../formats/bpe/byte-alphabet.ts";
import { rawTokenText, tokenizeText } from "./binding.ts";
import { cutLongRuns } from "./long-runs.ts";

const BYTE_OF = new Map(byteCharacters().map((character, byte) => [character, byte]));
const NOTHING = new Uint8Array();
const utf8 = new TextEncoder();
const lone = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A model's tokens. Their bytes are worked out here, as `llama_token_to_piece` does, because the addon only
 * gives whole strings: a token that holds half a character, or begins with a space, would come out wrong.
 */
export class Vocabulary {
  readonly size: number;
  readonly bos: number | null;
  readonly eos: number | null;
  readonly bosText: string;
  readonly eosText: string;
  readonly #model: LlamaModel;
  readonly #addsBos: boolean;
  /** Whether `▁` stands for a space; else NORMAL tokens are written in byte characters. */
  readonly #spaceMark: boolean;
  readonly #known: boolean;
  readonly #bytes: (Uint8Array | undefined)[] = [];
  readonly #ends: (boolean | undefined)[] = [];
  #endTokens: number[] | undefined;
  #controlTexts: string[] | undefined;

  constructor(model: LlamaModel) {
    const { tokens, fileInfo } = model;
    const ggml = fileInfo.metadata.tokenizer?.ggml;
    this.#model = model;
    this.size = ggml?.tokens?.length ?? 0;
    this.bos = tokens.bos;
    this.eos = tokens.eos;
    this.bosText = tokens.bosString ?? "";
    this.eosText = tokens.eosString ?? "";
    this.#addsBos = tokens.shouldPrependBosToken;
    const type = model.vocabularyType;
    this.#known = type === LlamaVocabularyType.bpe || type === LlamaVocabularyType.spm;
    this.#spaceMark = type === LlamaVocabularyType.spm || spellsSpacesWithMark(model);
  }

  /** The bytes a token adds to an answer; none for control tokens. */
  bytes(token: number): Uint8Array {
    return (this.#bytes[token] ??= this.#work(token));
  }

  /** What a person should see of the token alone: control tokens too, and U+FFFD for part of a character. */
  text(token: number): string {
    const bytes = this.bytes(token);
    return bytes.length > 0 ? lone.decode(bytes) : rawTokenText(this.#model, token);
  }

  /** Whether the token ends an answer. */
  isEnd(token: number): boolean {
    return (this.#ends[token] ??= this.#model.isEogToken(token as Token));
  }

  /** All tokens that end an answer. */
  get endTokens(): readonly number[] {
    return (this.#endTokens ??= Array.from({ length: this.size }, (_, token) => token).filter((token) =>
      this.isEnd(token),
    ));
  }

  /** The texts that `tokenize` would read as control tokens. */
  get controlTexts(): readonly string[] {
    return (this.#controlTexts ??= Array.from({ length: this.size }, (_, token) => token)
      .filter((token) => this.#model.getTokenAttributes(token as Token).control)
      .map((token) => rawTokenText(this.#model, token))
      .filter((text) => text.length > 1));
  }

  /** Text with the control tokens it spells; no BOS is added. */
  tokenize(text: string): Uint32Array {
    return this.#inPieces(text, (piece) => tokenizeText(this.#model, piece, true));
  }

  /** The tokens of `text` where other text came before, so that no space is put in front of it. */
  tokenizeOn(text: string): Uint32Array {
    return this.#inPieces(text, (piece) =>
      Uint32Array.from(this.#model.tokenize(piece, true, "trimLeadingSpace")),
    );
  }

  /** Puts BOS in front where the model wants one and it is not there already. */
  withBos(tokens: Uint32Array): Uint32Array {
    if (!this.#addsBos || this.bos === null || tokens[0] === this.bos) return tokens;
    const all = new Uint32Array(tokens.length + 1);
    all[0] = this.bos;
    all.set(tokens, 1);
    return all;
  }

  /** Only vocabularies of type BPE are split by expressions, and they put no space in front of a text. */
  #inPieces(text: string, tokenizeFirst: (piece: string) => Uint32Array): Uint32Array {
    if (this.#model.vocabularyType !== LlamaVocabularyType.bpe) return tokenizeFirst(text);
    const [first = "", ...others] = cutLongRuns(text, this.controlTexts);
    const tokens = tokenizeFirst(first);
    if (others.length === 0) return tokens;
    return concatenated([tokens, ...others.map((piece) => tokenizeText(this.#model, piece, true))]);
  }

  #work(token: number): Uint8Array {
    const attributes = this.#model.getTokenAttributes(token as Token);
    if (attributes.control || attributes.unknown) return NOTHING;
    if (!this.#known) return utf8.encode(this.#model.detokenize([token as Token], false));
    const text = rawTokenText(this.#model, token);
    if (attributes.byte) return Uint8Array.of(Number.parseInt(text.slice(3, 5), 16));
    if (attributes.userDefined) return utf8.encode(text);
    if (!attributes.normal) return NOTHING;
    return this.#spaceMark ? utf8.encode(text.replaceAll("▁", " ")) : fromByteCharacters(text);
  }
}

/** Some vocabularies of type BPE, such as Gemma 4's, spell spaces as SentencePiece does. */
function spellsSpacesWithMark(model: LlamaModel): boolean {
  const marked = model.fileInfo.metadata.tokenizer?.ggml?.tokens?.findIndex((text) => text === "▁▁") ?? -1;
  return marked >= 0 && model.detokenize([marked as Token], false).startsWith(" ");
}

function concatenated(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

function fromByteCharacters(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const byte = BYTE_OF.get(character);
    if (byte === undefined) bytes.push(...utf8.encode(character));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
