/**
 * Byte-level BPE writes every byte as one visible character: printable Latin-1 stands for itself, the
 * other bytes for the characters from U+0100 on, in order (the `bytes_to_unicode` table of GPT-2).
 */
const CHARACTERS: readonly string[] = alphabet();
const BYTES = new Map(CHARACTERS.map((character, byte) => [character, byte]));

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The 256 characters, by byte. */
export const byteCharacters = (): readonly string[] => CHARACTERS;

/** Text as byte characters: ` a` becomes `Ġa`. */
export function toByteCharacters(text: string): string {
  let out = "";
  for (const byte of encoder.encode(text)) out += CHARACTERS[byte]!;
  return out;
}

/**
 * Undoes `toByteCharacters`; bytes that are no UTF-8 become U+FFFD.
 * @throws RangeError for a character outside the alphabet
 */
export function fromByteCharacters(characters: string): string {
  const bytes = Array.from(characters, (character) => {
    const byte = BYTES.get(character);
    if (byte === undefined) throw new RangeError(`'${character}' stands for no byte`);
    return byte;
  });
  return decoder.decode(Uint8Array.from(bytes));
}

function alphabet(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}
