import { readFileSync } from "node:fs";

/** The processor's own reasons to rearrange weights. */
type Kind = "x64" | "x64-amx" | "arm64";

/**
 * Storage types whose weights llama.cpp copies into another order for a processor
 * (`ggml_repack_get_optimal_repack_type` in ggml-cpu/repack.cpp, `qtype_has_amx_kernels` in ggml-cpu/amx/common.h).
 */
const REARRANGED: Record<Kind, ReadonlySet<string>> = {
  x64: new Set(["Q4_0", "Q4_K", "Q2_K", "IQ4_NL", "MXFP4"]),
  "x64-amx": new Set([
    "F16",
    "Q4_0",
    "Q4_1",
    "Q8_0",
    "Q4_K",
    "Q5_K",
    "Q6_K",
    "IQ4_XS",
    "Q2_K",
    "IQ4_NL",
    "MXFP4",
  ]),
  arm64: new Set(["Q1_0", "Q4_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4"]),
};

/**
 * Whether a file is best used as a memory map. A map costs nothing to load and is the page cache itself. But
 * weights that are rearranged are copied, and what they were copied from would stay mapped beside the copy; such
 * a file is better read and let go.
 * @param types storage types of the file's tensors
 */
export function worthMapping(types: Iterable<string>, kind = kindOfProcessor()): boolean {
  if (kind === null) return true;
  for (const type of types) if (REARRANGED[kind].has(type)) return false;
  return true;
}

/** A tensor of a model file: its shape as GGUF has it, the length of a row first. */
export interface StoredTensor {
  name: string;
  /** e.g. `Q4_K` */
  type: string;
  shape: readonly number[];
}

/** AMX takes matrices of a multiple of so many rows (`ggml-cpu/amx/amx.cpp`). */
const AMX_ROWS = 32;

/**
 * Bytes that weights take more once they are rearranged; llama.cpp's own estimate does not count them. For AMX, each
 * 32 numbers of Q8_0 get a sum of four bytes (`do_compensate` in ggml-cpu/amx/mmq.cpp); all else keeps its size. A
 * table of embeddings is only looked up in, unless it is the output, too.
 */
export function bytesAddedByRearranging(tensors: readonly StoredTensor[], kind = kindOfProcessor()): number {
  if (kind !== "x64-amx") return 0;
  const hasOutput = tensors.some(({ name }) => name === "output.weight");
  return tensors
    .filter(({ name }) => !(hasOutput && name === "token_embd.weight"))
    .filter(({ type, shape }) => type === "Q8_0" && shape.length === 2 && shape[1]! % AMX_ROWS === 0)
    .reduce((bytes, { shape }) => bytes + (shape[0]! / 32) * 4 * shape[1]!, 0);
}

/** @returns `null` for one that llama.cpp rearranges nothing for */
function kindOfProcessor(): Kind | null {
  if (process.arch === "arm64") return "arm64";
  if (process.arch !== "x64") return null;
  return /^flags\s*:.*\bamx_int8\b/m.test(cpuInfo()) ? "x64-amx" : "x64";
}

function cpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
