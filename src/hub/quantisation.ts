/** `Q4_K_M`, `UD-IQ2_XXS`, `bf16`. */
const ALONE = /^((?:UD-)?(?:I?Q\d\w*|TQ\d\w*|MXFP4\w*|NVFP4|BF16|F(?:P)?(?:16|32)))$/i;
/** The end of a file's stem, or all of its name, that tells its quantisation. */
const AT_END = new RegExp(`(?:^|[-._/])${ALONE.source.slice(1)}`, "i");

/** What is taken where nobody chose: the usual four bits first, then what comes nearest. */
const PREFERRED = [
  "Q4_K_M",
  "UD-Q4_K_M",
  "Q4_K_S",
  "UD-Q4_K_XL",
  "MXFP4",
  "Q4_0",
  "IQ4_NL",
  "IQ4_XS",
  "Q5_K_M",
  "Q5_K_S",
  "Q6_K",
  "Q8_0",
  "BF16",
  "F16",
];

/** In capitals; `null` when a stem (a name without `.gguf` and number of part) tells none. */
export function quantisationOf(stem: string): string | null {
  const named = AT_END.exec(stem)?.[1];
  if (named !== undefined) return named.toUpperCase();
  // Some repositories have a folder for each: `Q4_K_M/model-00001-of-00002.gguf`.
  const folder = stem.split("/").at(-2);
  return folder !== undefined && ALONE.test(folder) ? folder.toUpperCase() : null;
}

/** A stem without the quantisation at its end. */
export const withoutQuantisation = (stem: string): string => stem.replace(AT_END, "");

/** Whether a tag as a person writes it means this quantisation: in any case, `fp16` for `F16`. */
export function isQuantisation(tag: string, quantisation: string | null): boolean {
  const plain = (text: string) => text.toUpperCase().replace("FP", "F").replaceAll("-", "_");
  return quantisation !== null && plain(tag) === plain(quantisation);
}

/** Ascending in how gladly it is taken where nobody chose; unknown ones are last, the smaller first. */
export function byPreference(
  a: { quantisation: string | null; fileSize: number },
  b: { quantisation: string | null; fileSize: number },
): number {
  return rank(a.quantisation) - rank(b.quantisation) || a.fileSize - b.fileSize;
}

function rank(quantisation: string | null): number {
  const place = PREFERRED.indexOf(quantisation ?? "");
  return place < 0 ? PREFERRED.length : place;
}
