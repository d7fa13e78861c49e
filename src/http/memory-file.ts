import { promisify } from "node:util";
import { gzip, zstdCompress } from "node:zlib";
import { chooseEncoding, type Packing } from "./accept-encoding.ts";

const pack: Record<Packing, (bytes: Uint8Array) => Promise<Uint8Array>> = {
  gzip: promisify(gzip),
  zstd: promisify(zstdCompress),
};

/** Below this, the header of a packed answer outweighs what packing saves. */
const WORTH_PACKING_BYTES = 512;

/** A file served from memory: content type, ETag with 304, and packing by `Accept-Encoding`, each done once. */
export class MemoryFile {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #headers: Record<string, string>;
  readonly #hash: string;
  readonly #packed = new Map<Packing, Promise<Uint8Array>>();

  /** @param headers sent with every answer, `content-type` among them */
  constructor(bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string>) {
    this.#bytes = bytes;
    this.#headers = headers;
    this.#hash = Bun.hash(bytes).toString(36);
  }

  /** Answers a GET: 200 with the bytes as the client accepts them, or 304 when it has them already. */
  async response(request: Request): Promise<Response> {
    const packing = this.#packable() ? chooseEncoding(request.headers.get("accept-encoding")) : null;
    // A strong ETag names these very bytes, so each packing has its own.
    const etag = packing ? `"${this.#hash}-${packing}"` : `"${this.#hash}"`;
    const headers: Record<string, string> = { ...this.#headers, etag, vary: "accept-encoding" };
    if (isKnown(request.headers.get("if-none-match"), etag))
      return new Response(null, { status: 304, headers });
    if (!packing) return new Response(this.#bytes, { headers });
    headers["content-encoding"] = packing;
    return new Response((await this.#pack(packing)) as Uint8Array<ArrayBuffer>, { headers });
  }

  #packable(): boolean {
    return (
      this.#bytes.length >= WORTH_PACKING_BYTES &&
      /^(text\/|image\/svg)|javascript|json/.test(this.#headers["content-type"] ?? "")
    );
  }

  #pack(packing: Packing): Promise<Uint8Array> {
    let packed = this.#packed.get(packing);
    if (!packed) {
      packed = pack[packing](this.#bytes);
      this.#packed.set(packing, packed);
    }
    return packed;
  }
}

/** Whether an `If-None-Match` header names this ETag; a proxy may have made it weak. */
function isKnown(header: string | null, etag: string): boolean {
  return (
    header === "*" || (header ?? "").split(",").some((known) => known.trim().replace(/^W\//, "") === etag)
  );
}
