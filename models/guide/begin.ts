import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { dequantise } from "./lib/dequantise.ts";
import { readGgufFile } from "../../src/formats/gguf/read.ts";

/*
 * `bun models/guide/begin.ts [file]`: the weights of guide.gguf, or of `file`, for a training that goes on from them:
 * one run of 32-bit floats, as train.py leaves them.
 */

const FILE = Bun.argv[2] ?? join(import.meta.dir, "guide.gguf");
const BUILD = join(import.meta.dir, "build");

const { tensors, dataOffset } = await readGgufFile(FILE, "guide");
const file = Bun.file(FILE);
await mkdir(BUILD, { recursive: true });
const writer = Bun.file(join(BUILD, "begin.f32")).writer();
for (const { type, offset, bytes } of tensors) {
  const start = dataOffset + offset;
  const stored = new Uint8Array(await file.slice(start, start + bytes).arrayBuffer());
  await writer.write(dequantise(stored, type.name));
}
await writer.end();
