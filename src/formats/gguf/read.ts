import { withFile, type ByteSource } from "./byte-source.ts";
import { Cursor } from "./cursor.ts";
import { GgufHeader, type TensorInfo } from "./header.ts";
import { readValue } from "./read-value.ts";
import { tensorTypeOf } from "./tensor-type.ts";
import type { MetadataValue } from "./metadata.ts";

export interface ReadOptions {
  /** Arrays with more elements are counted, not kept. Default 1024: all but the vocabulary. */
  keepArrays?: number;
}

const MAGIC = "GGUF";
const NEWEST_VERSION = 3;

/** Far above any model, and low enough that a damaged count is told at once. */
const MOST_ENTRIES = 100_000;
const LONGEST_KEY = 65_535;
const LONGEST_TENSOR_NAME = 63;
const MOST_DIMENSIONS = 4;
const DEFAULT_ALIGNMENT = 32;

/**
 * Reads a file's header, see `readGguf`.
 * @param name for messages, e.g. the path below the models directory
 * @throws ApiError `model_load_failed`, also when the file can not be read
 */
export async function readGgufFile(path: string, name: string, options?: ReadOptions): Promise<GgufHeader> {
  return withFile(path, name, (source) => readGguf(source, options));
}

/**
 * Reads the header of a GGUF file, version 2 or 3: metadata and where each tensor lies, no weights.
 * The source may be hostile: everything it claims is checked before memory is taken for it.
 * @throws ApiError `model_load_failed` with the reason when it is no GGUF file, damaged or truncated
 */
export async function readGguf(
  source: ByteSource,
  { keepArrays = 1024 }: ReadOptions = {},
): Promise<GgufHeader> {
  const cursor = new Cursor(source);
  const version = await readVersion(source, cursor);
  const tensorCount = await entryCount(cursor, "tensors");
  const metadataCount = await entryCount(cursor, "metadata entries");
  const metadata = await readMetadata(cursor, metadataCount, keepArrays);
  const tensors = await readTensors(cursor, tensorCount);
  const alignment = alignmentOf(cursor, metadata);
  const dataOffset = Math.ceil(cursor.position / alignment) * alignment;
  const end = tensors.reduce((last, { offset, bytes }) => Math.max(last, dataOffset + offset + bytes), 0);
  if (end > source.size)
    throw cursor.fault(
      `is truncated: its tensor data ends at byte ${end}, but the file has only ${source.size} bytes`,
    );
  return new GgufHeader({ version, metadata, tensors, dataOffset, fileSize: source.size });
}

async function readVersion(source: ByteSource, cursor: Cursor): Promise<number> {
  if (source.size === 0) throw cursor.fault("is empty");
  const start = await source.read(0, Math.min(32, source.size));
  const text = new TextDecoder("latin1").decode(start);
  if (text.startsWith("version https://git-lfs"))
    throw cursor.fault("is a Git LFS pointer, not the model itself: fetch it with `git lfs pull`");
  if (!text.startsWith(MAGIC))
    throw cursor.fault(`is no GGUF file: it begins with ${JSON.stringify(text.slice(0, 4))}, not "${MAGIC}"`);
  cursor.skip(MAGIC.length);
  const version = await cursor.uint32();
  // A small number with its bytes turned around is large.
  if (version % 0x10000 === 0 && version > 0)
    throw cursor.fault("is a GGUF file for big-endian machines, which this engine can not load");
  if (version < 2)
    throw cursor.fault(`is GGUF version ${version}, which is no longer supported: convert it again`);
  if (version > NEWEST_VERSION)
    throw cursor.fault(`is GGUF version ${version}, newer than the ${NEWEST_VERSION} this engine can load`);
  return version;
}

async function entryCount(cursor: Cursor, what: string): Promise<number> {
  const count = await cursor.count();
  if (count > MOST_ENTRIES) throw cursor.fault(`is damaged: it claims ${count} ${what}`);
  return count;
}

async function readMetadata(
  cursor: Cursor,
  count: number,
  keepArrays: number,
): Promise<Map<string, MetadataValue>> {
  const metadata = new Map<string, MetadataValue>();
  for (let i = 0; i < count; i++) {
    const key = await cursor.string(LONGEST_KEY, "a metadata key");
    if (metadata.has(key)) throw cursor.fault(`is damaged: it holds the metadata key '${key}' twice`);
    metadata.set(key, await readValue(cursor, key, keepArrays));
  }
  return metadata;
}

async function readTensors(cursor: Cursor, count: number): Promise<TensorInfo[]> {
  const tensors: TensorInfo[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const name = await cursor.string(LONGEST_TENSOR_NAME, "the name of a tensor");
    if (names.has(name)) throw cursor.fault(`is damaged: it holds the tensor '${name}' twice`);
    names.add(name);
    tensors.push(await readTensor(cursor, name));
  }
  return tensors;
}

async function readTensor(cursor: Cursor, name: string): Promise<TensorInfo> {
  const dimensions = await cursor.uint32();
  if (dimensions > MOST_DIMENSIONS)
    throw cursor.fault(`is damaged: the tensor '${name}' claims ${dimensions} dimensions`);
  const shape: number[] = [];
  for (let i = 0; i < dimensions; i++) shape.push(await cursor.count());
  const id = await cursor.uint32();
  const offset = await cursor.count();
  const type = tensorTypeOf(id);
  if (!type) throw cursor.fault(`stores the tensor '${name}' as type ${id}, which this engine does not know`);
  const elements = shape.reduce((product, n) => product * n, 1);
  const bytes = (elements / type.elements) * type.bytes;
  if (!Number.isSafeInteger(bytes + offset) || (shape[0] ?? 1) % type.elements !== 0)
    throw cursor.fault(`is damaged: the tensor '${name}' has an impossible shape, ${shape.join(" × ")}`);
  return { name, shape, type, offset, bytes };
}

function alignmentOf(cursor: Cursor, metadata: ReadonlyMap<string, MetadataValue>): number {
  const entry = metadata.get("general.alignment");
  if (!entry) return DEFAULT_ALIGNMENT;
  const alignment = entry.type === "uint32" ? Number(entry.value) : 0;
  // Only a number with a single bit set shares none with the number below it.
  if (alignment === 0 || (alignment & (alignment - 1)) !== 0)
    throw cursor.fault("is damaged: its alignment is no power of two");
  return alignment;
}
