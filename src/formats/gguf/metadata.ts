/** Value types in the order of their numbers in the file (the GGUF specification, version 3). */
export const VALUE_TYPES = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float32",
  "bool",
  "string",
  "array",
  "uint64",
  "int64",
  "float64",
] as const;

export type ValueType = (typeof VALUE_TYPES)[number];
export type ScalarType = Exclude<ValueType, "array">;

/** A 64-bit integer is a `bigint` only where a `number` would lose digits. */
export type Scalar = number | bigint | boolean | string;

export type MetadataValue = ScalarValue | ArrayValue;

export interface ScalarValue {
  type: ScalarType;
  value: Scalar;
}

export interface ArrayValue {
  type: "array";
  of: ScalarType;
  length: number;
  /** `null`: the reader counted the elements and did not keep them. */
  values: readonly Scalar[] | null;
}

/** Key and value pairs in file order. A map, because the keys of a hostile file may be `__proto__`. */
export type Metadata = ReadonlyMap<string, MetadataValue>;

/** A value of any scalar type; the helpers below cover the common ones. */
export const scalar = (type: ScalarType, value: Scalar): ScalarValue => ({ type, value });

/** An array of any scalar type; GGUF in practice has no arrays of arrays, and llama.cpp refuses them. */
export const array = (of: ScalarType, values: readonly Scalar[]): ArrayValue => ({
  type: "array",
  of,
  length: values.length,
  values,
});

export const uint32 = (value: number) => scalar("uint32", value);
export const float32 = (value: number) => scalar("float32", value);
export const bool = (value: boolean) => scalar("bool", value);
export const string = (value: string) => scalar("string", value);
export const strings = (values: readonly string[]) => array("string", values);
