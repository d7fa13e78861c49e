import type { Attachment } from "./conversation.ts";

/** Larger files do not fit any context, and would only make the page slow. */
export const LARGEST_FILE_BYTES = 20 * 1024 * 1024;

/** How a file stands in the prompt: fenced, under its name. */
export function attachedText({ name, text }: Attachment): string {
  return `File: ${name}\n${fence(text)}\n${text.trimEnd()}\n${fence(text)}`;
}

/** A fence longer than any in the text, which would otherwise end it. */
function fence(text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`{3,}/g), ([run]) => run.length));
  return "`".repeat(longest + 1);
}

/**
 * The text of a file's bytes.
 * @returns null for what is no text: it has zero bytes, or is not UTF-8 or UTF-16 with a mark
 */
export function decodeText(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const wide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (!wide && bytes.includes(0)) return null;
  const encoding = wide ? (first === 0xff ? "utf-16le" : "utf-16be") : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Whether the bytes are a PDF file: the mark may stand anywhere in the first kilobyte. */
export const isPdf = (bytes: Uint8Array): boolean =>
  new TextDecoder("latin1").decode(bytes.subarray(0, 1024)).includes("%PDF-");
