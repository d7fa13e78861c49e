/** How the weights of one tensor are stored: `elements` of them share one block of `bytes`. */
export interface TensorType {
  name: string;
  /** Its number in the file. */
  id: number;
  elements: number;
  bytes: number;
}

const type = (id: number, name: string, elements: number, bytes: number): TensorType => ({
  id,
  name,
  elements,
  bytes,
});

/** Every storage type of ggml with its block size (ggml-common.h); numbers that are missing were withdrawn. */
const TENSOR_TYPES: readonly TensorType[] = [
  type(0, "F32", 1, 4),
  type(1, "F16", 1, 2),
  type(2, "Q4_0", 32, 18),
  type(3, "Q4_1", 32, 20),
  type(6, "Q5_0", 32, 22),
  type(7, "Q5_1", 32, 24),
  type(8, "Q8_0", 32, 34),
  type(9, "Q8_1", 32, 36),
  type(10, "Q2_K", 256, 84),
  type(11, "Q3_K", 256, 110),
  type(12, "Q4_K", 256, 144),
  type(13, "Q5_K", 256, 176),
  type(14, "Q6_K", 256, 210),
  type(15, "Q8_K", 256, 292),
  type(16, "IQ2_XXS", 256, 66),
  type(17, "IQ2_XS", 256, 74),
  type(18, "IQ3_XXS", 256, 98),
  type(19, "IQ1_S", 256, 50),
  type(20, "IQ4_NL", 32, 18),
  type(21, "IQ3_S", 256, 110),
  type(22, "IQ2_S", 256, 82),
  type(23, "IQ4_XS", 256, 136),
  type(24, "I8", 1, 1),
  type(25, "I16", 1, 2),
  type(26, "I32", 1, 4),
  type(27, "I64", 1, 8),
  type(28, "F64", 1, 8),
  type(29, "IQ1_M", 256, 56),
  type(30, "BF16", 1, 2),
  type(34, "TQ1_0", 256, 54),
  type(35, "TQ2_0", 256, 66),
  type(39, "MXFP4", 32, 17),
  type(40, "NVFP4", 64, 36),
  type(41, "Q1_0", 128, 18),
  type(42, "Q2_0", 64, 18),
];

const byId = new Map(TENSOR_TYPES.map((entry) => [entry.id, entry]));
const byName = new Map(TENSOR_TYPES.map((entry) => [entry.name, entry]));

/** @returns `null` for a number this version does not know */
export const tensorTypeOf = (id: number): TensorType | null => byId.get(id) ?? null;

/** @throws TypeError for a name that no type has */
export function tensorType(name: string): TensorType {
  const found = byName.get(name);
  if (!found) throw new TypeError(`no tensor type is named ${name}`);
  return found;
}
