import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { activeBytes } from "../formats/gguf/active-weights.ts";
import type { GgufHeader } from "../formats/gguf/header.ts";
import { readGgufFile } from "../formats/gguf/read.ts";
import type { RemoteFile } from "../hub/locate.ts";
import type { RemoteHeader } from "../hub/remote-header.ts";

/** A file that llama.cpp can judge a model by; nothing but its header need be there. */
export interface ModelSketch extends AsyncDisposable {
  /** Absolute; of the first part where the model is split. */
  path: string;
  /** Of weights that decoding one token reads. */
  activeBytes: number;
}

/** The files themselves. @throws ApiError `model_load_failed` when one of them is no model */
export async function sketchOfFiles(parts: readonly string[]): Promise<ModelSketch> {
  const headers = await Array.fromAsync(parts, (path) => readGgufFile(path, basename(path)));
  return { path: parts[0] ?? "", activeBytes: activeBytes(headers), [Symbol.asyncDispose]: async () => {} };
}

/** In bytes; some servers do not tell how long the file is. */
const endOfTensors = ({ dataOffset, tensors }: GgufHeader): number =>
  tensors.reduce((end, { offset, bytes }) => Math.max(end, dataOffset + offset + bytes), dataOffset);

/** Headers followed by a hole as long as the rest of the file, which takes no room on the disk. */
export async function sketchOfHeaders(
  files: readonly RemoteFile[],
  read: (file: RemoteFile) => Promise<RemoteHeader>,
): Promise<ModelSketch> {
  const folder = await mkdtemp(join(tmpdir(), "berth-sketch-"));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const headers: GgufHeader[] = [];
    for (const file of files) {
      const { header, bytes } = await read(file);
      // llama.cpp finds the other parts by their names.
      const path = join(folder, basename(file.name));
      await writeFile(path, bytes);
      await truncate(path, Math.min(header.fileSize, endOfTensors(header)));
      headers.push(header);
    }
    const path = join(folder, basename(files[0]?.name ?? ""));
    return { path, activeBytes: activeBytes(headers), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
