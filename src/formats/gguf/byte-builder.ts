import { VALUE_TYPES, type MetadataValue, type Scalar, type ScalarType } from "./metadata.ts";

const encoder = new TextEncoder();

/** Little-endian bytes that grow as they are written. */
export class ByteBuilder {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written so far; a view that the next write may leave behind. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  uint32(value: number): void {
    this.#put(4, (view, at) => view.setUint32(at, value, true));
  }

  uint64(value: number | bigint): void {
    this.#put(8, (view, at) => view.setBigUint64(at, BigInt(value), true));
  }

  /** UTF-8 after its length in bytes. */
  string(value: string): void {
    const bytes = encoder.encode(value);
    this.uint64(bytes.length);
    const at = this.#claim(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** @throws TypeError when an array was read without keeping its elements */
  value(value: MetadataValue): void {
    this.uint32(VALUE_TYPES.indexOf(value.type));
    if (value.type !== "array") return this.#scalar(value.type, value.value);
    if (value.values === null) throw new TypeError("an array without its elements can not be written");
    this.uint32(VALUE_TYPES.indexOf(value.of));
    this.uint64(value.values.length);
    for (const element of value.values) this.#scalar(value.of, element);
  }

  /** Zeros up to the next multiple of `alignment`. */
  align(alignment: number): void {
    // Fresh memory is zero, and claimed bytes are never given back.
    this.#claim((alignment - (this.#length % alignment)) % alignment);
  }

  #scalar(type: ScalarType, value: Scalar): void {
    switch (type) {
      case "uint8":
        return this.#put(1, (view, at) => view.setUint8(at, Number(value)));
      case "int8":
        return this.#put(1, (view, at) => view.setInt8(at, Number(value)));
      case "bool":
        return this.#put(1, (view, at) => view.setUint8(at, value ? 1 : 0));
      case "uint16":
        return this.#put(2, (view, at) => view.setUint16(at, Number(value), true));
      case "int16":
        return this.#put(2, (view, at) => view.setInt16(at, Number(value), true));
      case "uint32":
        return this.uint32(Number(value));
      case "int32":
        return this.#put(4, (view, at) => view.setInt32(at, Number(value), true));
      case "float32":
        return this.#put(4, (view, at) => view.setFloat32(at, Number(value), true));
      case "uint64":
        return this.#put(8, (view, at) => view.setBigUint64(at, BigInt(value), true));
      case "int64":
        return this.#put(8, (view, at) => view.setBigInt64(at, BigInt(value), true));
      case "float64":
        return this.#put(8, (view, at) => view.setFloat64(at, Number(value), true));
      case "string":
        return this.string(String(value));
    }
  }

  #put(count: number, set: (view: DataView, at: number) => void): void {
    // Claiming may replace the view, so it comes first.
    const at = this.#claim(count);
    set(this.#view, at);
  }

  /** Reserves bytes and returns where they begin. */
  #claim(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
