import { loadFailed } from "../../errors.ts";
import type { ByteSource } from "./byte-source.ts";

/** Headers of the largest vocabularies take some 30 MB; what claims more is no model. */
const LONGEST_HEADER = 256 * 2 ** 20;

/** Most headers without a vocabulary fit in the first read; a long one is read in growing strides. */
const FIRST_READ = 64 * 1024;
const LONGEST_READ = 4 * 2 ** 20;

const decoder = new TextDecoder();

/** Reads little-endian values one after the other; whatever a file claims, memory stays bounded. */
export class Cursor {
  readonly #source: ByteSource;
  #bytes: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(this.#bytes.buffer);
  /** Where `#bytes` begins in the source. */
  #base = 0;
  /** The next byte within `#bytes`; past their end after a long `skip`. */
  #at = 0;
  #stride = FIRST_READ;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes read or skipped so far. */
  get position(): number {
    return this.#base + this.#at;
  }

  async uint32(): Promise<number> {
    // The read may replace the view, so it comes first.
    const at = await this.#take(4);
    return this.#view.getUint32(at, true);
  }

  /** Exact up to 2^53, and about right above, which is enough to refuse it. */
  async count(): Promise<number> {
    const at = await this.#take(8);
    return Number(this.#view.getBigUint64(at, true));
  }

  /** A view of `length` bytes, good until the next call. */
  async view(length: number): Promise<DataView> {
    const at = await this.#take(length);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }

  /** @throws ApiError when the text is longer than `longest` bytes */
  async string(longest: number, what: string): Promise<string> {
    const length = await this.count();
    if (length > longest) throw this.fault(`is damaged: ${what} claims ${length} bytes`);
    const at = await this.#take(length);
    return decoder.decode(this.#bytes.subarray(at, at + length));
  }

  /** Goes past a string without keeping it. */
  async skipString(): Promise<void> {
    this.skip(await this.count());
  }

  /** Goes past bytes without reading them. */
  skip(length: number): void {
    this.expect(length);
    this.#at += length;
  }

  /** @throws ApiError when the source ends before `length` more bytes, or the header would be too long */
  expect(length: number): void {
    const end = this.position + length;
    if (end > this.#source.size) throw this.#truncated(this.#source.size);
    if (end > LONGEST_HEADER)
      throw this.fault(`is damaged: its header claims more than ${LONGEST_HEADER} bytes`);
  }

  /** The error for this source, to be thrown; `reason` completes "The file 'x' …". */
  fault(reason: string) {
    return loadFailed(`The file '${this.#source.name}' ${reason}`);
  }

  /** Makes `length` bytes readable and moves past them; returns where they begin in the buffer. */
  async #take(length: number): Promise<number> {
    if (this.#at + length > this.#bytes.length) await this.#fill(length);
    const at = this.#at;
    this.#at += length;
    return at;
  }

  async #fill(length: number): Promise<void> {
    this.expect(length);
    const from = this.position;
    const wanted = Math.min(Math.max(length, this.#stride), this.#source.size - from);
    const bytes = await this.#source.read(from, wanted);
    if (bytes.length < length) throw this.#truncated(from + bytes.length);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#base = from;
    this.#at = 0;
    this.#stride = Math.min(this.#stride * 4, LONGEST_READ);
  }

  #truncated(size: number) {
    return this.fault(`is truncated: its header goes on past the end, at byte ${size}`);
  }
}
