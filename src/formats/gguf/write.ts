import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { ByteBuilder } from "./byte-builder.ts";
import { uint32, type Metadata, type MetadataValue } from "./metadata.ts";
import { quantise, type Quantisation } from "./quantise.ts";
import { tensorType } from "./tensor-type.ts";

export interface NewTensor {
  name: string;
  /** Elements per dimension, the fastest-moving first: `[columns, rows]` of a matrix. */
  shape: readonly number[];
  type: Quantisation;
  /**
   * Asked once, when it is this tensor's turn: the weights, row after row, or the stored bytes in
   * pieces, for tensors that should never be in memory whole.
   */
  data: () => Float32Array | Iterable<Uint8Array>;
}

export interface NewGguf {
  /** `general.alignment` is added where `alignment` is not the default. */
  metadata: Metadata;
  tensors: readonly NewTensor[];
  /** A power of two; the data of every tensor begins at a multiple of it. Default 32. */
  alignment?: number;
}

const VERSION = 3;
const DEFAULT_ALIGNMENT = 32;
/** ggml keeps names in 64 bytes, the last of them a zero. */
const LONGEST_TENSOR_NAME = 63;

/** Weights quantised at a time: a whole number of blocks of every type. */
const SLICE = 1 << 20;

/**
 * Writes a GGUF file, version 3. The file appears under its name whole or not at all: the bytes go to
 * a neighbour that is renamed at the end, so two writers at once do no harm, and the last one wins.
 * @throws RangeError for a shape, name or alignment that no reader accepts, and when a tensor's data has the wrong size
 */
export async function writeGguf(path: string, model: NewGguf): Promise<void> {
  const alignment = model.alignment ?? DEFAULT_ALIGNMENT;
  const head = header(model, alignment);
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}-${crypto.randomUUID().slice(0, 8)}.part`;
  const file = await open(draft, "wx");
  try {
    await writeAll(file, head);
    for (const tensor of model.tensors) await writeTensor(file, tensor, alignment);
    // Without this, a power cut after the rename could leave the name with no content.
    await file.sync();
    await file.close();
    await rename(draft, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(draft, { force: true });
    throw error;
  }
}

function header({ metadata, tensors }: NewGguf, alignment: number): Uint8Array {
  if (!(alignment >= 8) || !Number.isInteger(Math.log2(alignment)))
    throw new RangeError(`the alignment must be a power of two of at least 8, not ${alignment}`);
  const entries = new Map<string, MetadataValue>(metadata);
  if (alignment !== DEFAULT_ALIGNMENT) entries.set("general.alignment", uint32(alignment));
  const out = new ByteBuilder();
  out.uint32(0x46554747); // "GGUF"
  out.uint32(VERSION);
  out.uint64(tensors.length);
  out.uint64(entries.size);
  for (const [key, value] of entries) {
    out.string(key);
    out.value(value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    out.string(checkedName(tensor));
    out.uint32(tensor.shape.length);
    for (const elements of tensor.shape) out.uint64(elements);
    out.uint32(tensorType(tensor.type).id);
    out.uint64(offset);
    offset += padded(storedBytes(tensor), alignment);
  }
  out.align(alignment);
  return out.bytes();
}

async function writeTensor(file: FileHandle, tensor: NewTensor, alignment: number): Promise<void> {
  const expected = storedBytes(tensor);
  const data = tensor.data();
  let written = 0;
  for (const piece of data instanceof Float32Array ? slices(data, tensor.type) : data) {
    await writeAll(file, piece);
    written += piece.byteLength;
  }
  if (written !== expected)
    throw new RangeError(`tensor ${tensor.name} needs ${expected} bytes of data and got ${written}`);
  await writeAll(file, new Uint8Array(padded(written, alignment) - written));
}

function* slices(weights: Float32Array, type: Quantisation): Generator<Uint8Array> {
  for (let at = 0; at < weights.length; at += SLICE) yield quantise(weights.subarray(at, at + SLICE), type);
}

/** One write may take only a part. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;)
    at += (await file.write(bytes, at, bytes.byteLength - at)).bytesWritten;
}

function checkedName({ name }: NewTensor): string {
  if (name === "" || Buffer.byteLength(name) > LONGEST_TENSOR_NAME)
    throw new RangeError(`a tensor's name has 1 to ${LONGEST_TENSOR_NAME} bytes: ${name}`);
  return name;
}

function storedBytes({ name, shape, type }: NewTensor): number {
  const { elements, bytes } = tensorType(type);
  const [columns = 0] = shape;
  if (shape.length > 4 || shape.some((count) => !(Number.isSafeInteger(count) && count > 0)))
    throw new RangeError(`tensor ${name} has an impossible shape: ${shape.join(" × ")}`);
  if (columns % elements !== 0)
    throw new RangeError(`tensor ${name} has rows of ${columns}, no whole number of ${type} blocks`);
  return (shape.reduce((all, count) => all * count, 1) / elements) * bytes;
}

const padded = (bytes: number, alignment: number) => Math.ceil(bytes / alignment) * alignment;
