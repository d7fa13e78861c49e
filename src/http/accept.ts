/**
 * Whether an Accept header asks for HTML rather than for JSON (RFC 9110, 12.5.1). A client that takes
 * both equally, or anything, gets JSON: it is a program.
 */
export function prefersHtml(accept: string | null): boolean {
  const ranges = parse(accept ?? "*/*");
  return quality(ranges, "text", "html") > quality(ranges, "application", "json");
}

interface MediaRange {
  type: string;
  subtype: string;
  q: number;
}

function parse(accept: string): MediaRange[] {
  return accept.split(",").map((range) => {
    const [media = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const [type = "", subtype = ""] = media.split("/");
    const q = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    return { type, subtype, q: q >= 0 && q <= 1 ? q : 0 };
  });
}

/** The most specific range that matches decides, whatever the order. */
function quality(ranges: MediaRange[], type: string, subtype: string): number {
  const range =
    ranges.find((range) => range.type === type && range.subtype === subtype) ??
    ranges.find((range) => range.type === type && range.subtype === "*") ??
    ranges.find((range) => range.type === "*" && range.subtype === "*");
  return range?.q ?? 0;
}
