import type { ByteSource } from "../formats/gguf/byte-source.ts";
import type { GgufHeader } from "../formats/gguf/header.ts";
import { readGguf } from "../formats/gguf/read.ts";
import { ContentSource } from "./content-source.ts";
import { explain } from "./hub-client.ts";
import { type Access, HttpFailure } from "./http.ts";
import { type RemoteFile, unreachable } from "./locate.ts";

/** The beginning of a file that was not downloaded. */
export interface RemoteHeader {
  header: GgufHeader;
  /** The first `header.dataOffset` bytes of the file, or all there was read of them: metadata and tensor list. */
  bytes: Uint8Array;
}

/** Enough for a model without a vocabulary; one with 250 000 tokens takes 11 MB. */
const FIRST_READ = 1024 * 1024;
const LATER_READ = 8 * 1024 * 1024;
const ATTEMPTS = 3;

/**
 * Reads a GGUF file's header by range requests, of which most models take one or two.
 * @throws ApiError `model_load_failed` when the file is no model, and what the hub or the server says when it gives no
 * bytes
 */
export async function readRemoteHeader(
  file: RemoteFile,
  access: Access,
  signal?: AbortSignal,
): Promise<RemoteHeader> {
  const source = new RemoteSource(file, access, signal);
  try {
    await source.open();
    const header = await readGguf(source);
    return { header, bytes: source.bytes(header.dataOffset) };
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    throw file.repo === null
      ? unreachable(new URL(file.url), error, access)
      : explain(error, file.repo, null, access);
  }
}

/** A remote file, read from its start in large pieces that are kept. */
class RemoteSource implements ByteSource {
  readonly name: string;
  readonly #file: RemoteFile;
  readonly #source: ContentSource;
  readonly #signal: AbortSignal | undefined;
  #size = 0;
  #kept: Uint8Array = new Uint8Array();

  constructor(file: RemoteFile, access: Access, signal: AbortSignal | undefined) {
    this.name = file.name;
    this.#file = file;
    this.#source = new ContentSource(file, access);
    this.#signal = signal;
  }

  get size(): number {
    return this.#size;
  }

  /** Reads the first piece, which tells the size where it is not known. */
  async open(): Promise<void> {
    const { bytes, size } = await this.#fetch(0, FIRST_READ);
    this.#kept = bytes;
    this.#size = this.#file.size ?? size ?? Number.MAX_SAFE_INTEGER;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    while (this.#kept.length < offset + length && this.#kept.length < this.#size) {
      const wanted = Math.max(LATER_READ, offset + length - this.#kept.length);
      const { bytes } = await this.#fetch(this.#kept.length, wanted);
      if (bytes.length === 0) break;
      const longer = new Uint8Array(this.#kept.length + bytes.length);
      longer.set(this.#kept);
      longer.set(bytes, this.#kept.length);
      this.#kept = longer;
    }
    return this.#kept.subarray(offset, offset + length);
  }

  bytes(length: number): Uint8Array {
    return this.#kept.subarray(0, length);
  }

  async #fetch(from: number, length: number): Promise<{ bytes: Uint8Array; size: number | null }> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(from, length);
      } catch (error) {
        const passing = error instanceof HttpFailure && error.isPassing && error.status !== 429;
        if (!passing || attempt >= ATTEMPTS) throw error;
        await Bun.sleep(200 * 2 ** attempt);
      }
    }
  }

  async #once(from: number, length: number): Promise<{ bytes: Uint8Array; size: number | null }> {
    const stop = new AbortController();
    const signal = this.#signal ? AbortSignal.any([this.#signal, stop.signal]) : stop.signal;
    const delivery = await this.#source.request(from, from + length, signal);
    try {
      // A server that knows no ranges sends the whole file: its beginning is read and the rest left.
      if (delivery.isWhole && from > 0)
        throw new HttpFailure("it answers no range requests", { status: 400 });
      return { bytes: await firstBytes(delivery.chunks, length), size: delivery.size };
    } finally {
      stop.abort();
    }
  }
}

async function firstBytes(chunks: AsyncGenerator<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(0, length - filled);
    bytes.set(part, filled);
    filled += part.length;
    if (filled === length) break;
  }
  return bytes.subarray(0, filled);
}
