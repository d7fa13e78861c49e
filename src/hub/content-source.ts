import { type Access, HttpFailure, reasonOf, send } from "./http.ts";
import type { RemoteFile } from "./locate.ts";

/** Bytes of a file as they arrive. */
export interface Delivery {
  /** Of the first byte. */
  from: number;
  /** After the last byte; `null` when only the end of the connection will tell. */
  to: number | null;
  /** Of the whole file, when the server tells. */
  size: number | null;
  /** The server sends the whole file although a part was asked for. */
  isWhole: boolean;
  chunks: AsyncGenerator<Uint8Array>;
  /** Closes the connection of chunks that nobody began to read. */
  cancel: () => void;
}

/** Longest silence in the middle of an answer. */
const SILENCE_MS = 30_000;

/** What an address that has expired is answered with, by one content network or another. */
const EXPIRED: ReadonlySet<number> = new Set([400, 401, 403, 404, 410]);

/** The content of one remote file, behind redirects that are followed once and not for every part. */
export class ContentSource {
  readonly #file: RemoteFile;
  readonly #access: Access;
  /** Where the last redirect led. */
  #address: string | null = null;

  constructor(file: RemoteFile, access: Access) {
    this.#file = file;
    this.#access = access;
  }

  /**
   * Asks for bytes; `to` is open where the size is not known.
   * @throws HttpFailure when there are none, or others than these
   */
  async request(from: number, to: number | null, signal: AbortSignal): Promise<Delivery> {
    const silence = new AbortController();
    const response = await this.#send(from, to, AbortSignal.any([signal, silence.signal]));
    try {
      const delivery = toDelivery(response, from, to, this.#file);
      return {
        ...delivery,
        chunks: chunksOf(response, signal, silence),
        cancel: () => silence.abort(),
      };
    } catch (error) {
      silence.abort();
      throw error;
    }
  }

  async #send(from: number, to: number | null, signal: AbortSignal): Promise<Response> {
    const options = {
      headers: {
        range: `bytes=${from}-${to === null ? "" : to - 1}`,
        // A file that has changed is sent whole, instead of a part that fits nothing.
        ...(this.#file.etag !== null && { "if-range": this.#file.etag }),
      },
      signal,
    };
    const known = this.#address;
    if (known !== null) {
      try {
        return (await send(known, this.#access, options)).response;
      } catch (error) {
        if (!(error instanceof HttpFailure) || !EXPIRED.has(error.status)) throw error;
        if (this.#address === known) this.#address = null;
      }
    }
    const { response, url } = await send(this.#file.url, this.#access, options);
    this.#address = url;
    return response;
  }
}

function toDelivery(
  { status, headers }: Response,
  from: number,
  to: number | null,
  { size: expected }: RemoteFile,
): Omit<Delivery, "chunks" | "cancel"> {
  const length = headers.get("content-length");
  if (status !== 206) {
    const size = length === null ? null : Number(length);
    assertSize(size, expected);
    return { from: 0, to: size, size, isWhole: true };
  }
  const [, first, last, whole] =
    /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
  if (Number(first) !== from || last === undefined)
    throw new HttpFailure("the server sends another part than the one asked for", { status: 400 });
  const size = whole === undefined || whole === "*" ? null : Number(whole);
  assertSize(size, expected);
  return { from, to: Math.min(Number(last) + 1, to ?? Infinity), size, isWhole: false };
}

function assertSize(size: number | null, expected: number | null): void {
  if (size === null || expected === null || size === expected) return;
  throw new HttpFailure(`the server has ${size} bytes, and the file is ${expected} bytes long`, {
    status: 400,
  });
}

/** Ends with HttpFailure when the connection breaks or falls silent. */
async function* chunksOf(
  response: Response,
  signal: AbortSignal,
  silence: AbortController,
): AsyncGenerator<Uint8Array> {
  const listen = () => setTimeout(() => silence.abort(), SILENCE_MS);
  let timer = listen();
  try {
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      yield chunk;
      timer = listen();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (silence.signal.aborted) throw new HttpFailure("the server has stopped sending");
    throw new HttpFailure(`the connection broke (${reasonOf(error)})`);
  } finally {
    clearTimeout(timer);
  }
}
