import type { Cursor } from "./cursor.ts";
import { VALUE_TYPES, type MetadataValue, type Scalar, type ScalarType, type ValueType } from "./metadata.ts";

/** Chat templates, the longest texts in practice, take some 20 kB. */
const LONGEST_TEXT = 16 * 2 ** 20;

const BYTES: Readonly<Record<Exclude<ScalarType, "string">, number>> = {
  uint8: 1,
  int8: 1,
  bool: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  uint64: 8,
  int64: 8,
  float64: 8,
};

/**
 * Reads one metadata value, its type before it.
 * @param keepArrays longer arrays are counted, and come back with `values: null`
 * @throws ApiError when the type is unknown or the bytes run out
 */
export async function readValue(cursor: Cursor, key: string, keepArrays: number): Promise<MetadataValue> {
  const type = await readType(cursor, key);
  if (type !== "array") return { type, value: await readScalar(cursor, key, type) };
  const of = await readType(cursor, key);
  if (of === "array") throw cursor.fault(`is damaged: '${key}' is an array of arrays`);
  const length = await cursor.count();
  // Even an empty string takes the bytes of its length.
  cursor.expect(length * (of === "string" ? 8 : BYTES[of]));
  if (length > keepArrays) {
    if (of === "string") for (let i = 0; i < length; i++) await cursor.skipString();
    else cursor.skip(length * BYTES[of]);
    return { type, of, length, values: null };
  }
  const values: Scalar[] = [];
  for (let i = 0; i < length; i++) values.push(await readScalar(cursor, key, of));
  return { type, of, length, values };
}

async function readType(cursor: Cursor, key: string): Promise<ValueType> {
  const id = await cursor.uint32();
  const type = VALUE_TYPES[id];
  if (type === undefined) throw cursor.fault(`is damaged: '${key}' has the unknown type ${id}`);
  return type;
}

async function readScalar(cursor: Cursor, key: string, type: ScalarType): Promise<Scalar> {
  if (type === "string") return cursor.string(LONGEST_TEXT, `the text of '${key}'`);
  const view = await cursor.view(BYTES[type]);
  switch (type) {
    case "uint8":
      return view.getUint8(0);
    case "int8":
      return view.getInt8(0);
    case "bool":
      return view.getUint8(0) !== 0;
    case "uint16":
      return view.getUint16(0, true);
    case "int16":
      return view.getInt16(0, true);
    case "uint32":
      return view.getUint32(0, true);
    case "int32":
      return view.getInt32(0, true);
    case "float32":
      return view.getFloat32(0, true);
    case "uint64":
      return exact(view.getBigUint64(0, true));
    case "int64":
      return exact(view.getBigInt64(0, true));
    case "float64":
      return view.getFloat64(0, true);
  }
}

/** A number where it loses no digit. */
function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
