/** What a file may be packed with, best first. */
const PACKINGS = ["zstd", "gzip"] as const;

export type Packing = (typeof PACKINGS)[number];

/**
 * Chooses from an `Accept-Encoding` header (RFC 9110 §12.5.3); `null` means send the bytes as they are.
 * Quality only rules a packing in or out: of those accepted, the smaller result wins.
 */
export function chooseEncoding(header: string | null): Packing | null {
  const accepted = new Map<string, boolean>();
  for (const item of (header ?? "").toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    accepted.set(name, !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)));
  }
  return PACKINGS.find((packing) => accepted.get(packing) ?? accepted.get("*") ?? false) ?? null;
}
