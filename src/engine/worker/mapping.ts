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
