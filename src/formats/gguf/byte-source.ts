import { open, type FileHandle } from "node:fs/promises";
import { loadFailed } from "../../errors.ts";

/** Bytes that can be read anywhere: a file on disk, or one behind HTTP range requests. */
export interface ByteSource {
  /** For messages: the file's name, never a whole path. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** @returns `length` bytes from `offset`, fewer only where the source ends */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * Opens a file for `use` and closes it afterwards.
 * @throws ApiError `model_load_failed` when the file can not be opened
 */
export async function withFile<T>(
  path: string,
  name: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const file = await openFile(path, name);
  try {
    const { size } = await file.stat();
    return await use({
      name,
      size,
      async read(offset, length) {
        const bytes = new Uint8Array(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      },
    });
  } finally {
    await file.close();
  }
}

async function openFile(path: string, name: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw loadFailed(`The file '${name}' can not be opened: ${code}`);
  }
}
