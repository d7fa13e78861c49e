import { open } from "node:fs/promises";

const BLOCK = 1024 * 1024;

/**
 * The SHA-256 of a file, in hexadecimal. It is read a block at a time, with the event loop in between.
 * @param onProgress called with the bytes read so far
 */
export async function sha256OfFile(
  path: string,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  const file = await open(path, "r");
  try {
    const block = new Uint8Array(BLOCK);
    for (let at = 0; ;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(block, 0, BLOCK, at);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(block.subarray(0, bytesRead));
      at += bytesRead;
      onProgress(at);
    }
  } finally {
    await file.close();
  }
}
