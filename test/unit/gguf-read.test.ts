import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { ByteSource } from "../../src/formats/gguf/byte-source.ts";
import { readGguf, readGgufFile } from "../../src/formats/gguf/read.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { seeded } from "../support/random.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const memory = (bytes: Uint8Array, name = "x.gguf"): ByteSource => ({
  name,
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
});

async function randomModel(): Promise<Uint8Array> {
  await using folder = await temporaryFolder();
  return await Bun.file(await writeRandomModel(join(folder.path, "m.gguf"))).bytes();
}

/** Header fields one after the other: strings with their length, numbers as uint32, bigints as uint64. */
function file(...fields: (string | number | bigint)[]): ByteSource {
  const parts = fields.map((field) => {
    if (typeof field === "number") return Buffer.from(Uint32Array.of(field).buffer);
    if (typeof field === "bigint") return Buffer.from(BigUint64Array.of(field).buffer);
    return Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(field.length)).buffer), Buffer.from(field)]);
  });
  return memory(Buffer.concat([Buffer.from("GGUF"), ...parts]));
}

const UINT32 = 4;
const STRING = 8;
const ARRAY = 9;

test("the header tells what the model is", async () => {
  await using folder = await temporaryFolder();
  const path = await writeRandomModel(join(folder.path, "m.gguf"), {
    name: "tiny",
    quantisation: "Q8_0",
    layers: 3,
    embedding: 64,
    heads: 4,
    kvHeads: 1,
    feedForward: 96,
    vocabulary: 600,
    contextLength: 777,
  });
  const header = await readGgufFile(path, "m.gguf");
  expect(header).toMatchObject({
    version: 3,
    architecture: "llama",
    name: "tiny",
    contextLength: 777,
    quantisation: "Q8_0",
    hasChatTemplate: true,
    fileSize: Bun.file(path).size,
    parameters: 2 * 600 * 64 + 64 + 3 * (2 * 64 + 2 * 64 * 64 + 2 * 64 * 16 + 3 * 64 * 96),
  });
  expect(header.hyperparameter("block_count")).toBe(3);
  expect(header.hyperparameter("attention.head_count_kv")).toBe(1);
  expect(header.hyperparameter("no_such_key")).toBeNull();
});

test("a vocabulary is counted and not kept, unless asked for", async () => {
  const bytes = await randomModel();
  const counted = (await readGguf(memory(bytes), { keepArrays: 100 })).metadata.get("tokenizer.ggml.tokens");
  expect(counted).toEqual({ type: "array", of: "string", length: 512, values: null });
  const kept = (await readGguf(memory(bytes))).metadata.get("tokenizer.ggml.tokens");
  expect(kept).toMatchObject({ length: 512, values: expect.arrayContaining(["<|im_start|>"]) });
});

test("a model without a chat template says so", async () => {
  await using folder = await temporaryFolder();
  const path = await writeRandomModel(join(folder.path, "m.gguf"), { chatTemplate: null });
  expect((await readGgufFile(path, "m.gguf")).hasChatTemplate).toBe(false);
});

test("the quantisation is the largest type where the file does not name one", async () => {
  const header = await readGguf(file(3, 1n, 0n, "t", 1, 64n, 8, 0n, ...Array.from({ length: 40 }, () => 0)));
  expect(header.quantisation).toBe("Q8_0");
});

test("reads through a source that gives its header in several strides", async () => {
  const bytes = await randomModel();
  const reads: number[] = [];
  const slow: ByteSource = {
    ...memory(bytes),
    read: async (offset, length) => {
      reads.push(length);
      return bytes.slice(offset, offset + length);
    },
  };
  expect((await readGguf(slow)).architecture).toBe("llama");
  expect(reads.length).toBeLessThan(5);
});

describe("a file that can not be loaded says why:", () => {
  test.each([
    ["empty", memory(new Uint8Array()), "is empty"],
    [
      "something else",
      memory(Buffer.from("PK\x03\x04 a zip file, say")),
      'is no GGUF file: it begins with "PK',
    ],
    ["shorter than its magic", memory(Buffer.from("GG")), "is no GGUF file"],
    [
      "a pointer to Git LFS",
      memory(Buffer.from("version https://git-lfs.github.com/spec/v1\n")),
      "Git LFS pointer",
    ],
    ["version 1", file(1, 0n, 0n), "version 1, which is no longer supported"],
    ["version 4", file(4, 0n, 0n), "version 4, newer than"],
    ["big-endian", file(0x03000000, 0n, 0n), "big-endian"],
    ["only its magic", file(), "is truncated"],
    ["a count of tensors nobody has", file(3, 2n ** 60n, 0n), "is damaged: it claims"],
    ["a count of metadata nobody has", file(3, 0n, 2n ** 63n), "is damaged: it claims"],
    [
      "a key of four gigabytes",
      file(3, 0n, 1n, 2n ** 32n),
      "is damaged: a metadata key claims 4294967296 bytes",
    ],
    ["a text of sixty gigabytes", file(3, 0n, 1n, "k", STRING, 2n ** 36n), "is damaged: the text of 'k'"],
    ["a text that ends early", file(3, 0n, 1n, "k", STRING, 9n, 0), "is truncated"],
    ["an array that ends early", file(3, 0n, 1n, "k", ARRAY, UINT32, 2n ** 50n), "is truncated"],
    ["many texts that end early", file(3, 0n, 1n, "k", ARRAY, STRING, 2n ** 50n, 0n), "is truncated"],
    ["an array of arrays", file(3, 0n, 1n, "k", ARRAY, ARRAY, 1n), "is damaged: 'k' is an array of arrays"],
    ["an unknown value type", file(3, 0n, 1n, "k", 99), "is damaged: 'k' has the unknown type 99"],
    ["a key twice", file(3, 0n, 2n, "k", UINT32, 1, "k", UINT32, 1), "holds the metadata key 'k' twice"],
    ["a tensor twice", file(3, 2n, 0n, "t", 0, 0, 0n, "t", 0, 0, 0n), "holds the tensor 't' twice"],
    ["five dimensions", file(3, 1n, 0n, "t", 5), "claims 5 dimensions"],
    ["an unknown tensor type", file(3, 1n, 0n, "t", 0, 77, 0n), "as type 77"],
    ["a shape past all numbers", file(3, 1n, 0n, "t", 2, 2n ** 62n, 2n ** 62n, 0, 0n), "impossible shape"],
    ["rows of half a block", file(3, 1n, 0n, "t", 1, 33n, 8, 0n), "impossible shape"],
    ["an alignment of 3", file(3, 0n, 1n, "general.alignment", UINT32, 3), "alignment is no power of two"],
    [
      "no tensor data",
      file(3, 1n, 0n, "t", 1, 64n, 0, 0n),
      "is truncated: its tensor data ends at byte 320, but",
    ],
  ])("%s", async (_, source, reason) => {
    const reading = readGguf(source);
    await expect(reading).rejects.toMatchObject({ name: "ApiError", code: "model_load_failed" });
    await expect(reading).rejects.toThrow(
      `The file 'x.gguf' ${reason.startsWith("is") ? reason.slice(0, 2) : ""}`,
    );
    await expect(reading).rejects.toThrow(reason);
  });

  test("not there", async () => {
    await using folder = await temporaryFolder();
    const reading = readGgufFile(join(folder.path, "none.gguf"), "none.gguf");
    await expect(reading).rejects.toThrow("The file 'none.gguf' can not be opened: ENOENT");
  });

  test("cut off anywhere", async () => {
    const bytes = await randomModel();
    for (let size = bytes.length - 64; size > 4; size -= 4_999)
      await expect(readGguf(memory(bytes.subarray(0, size)))).rejects.toThrow("is truncated");
  });
});

test("whatever bytes are damaged, reading ends with a header or an ApiError", async () => {
  const bytes = await randomModel();
  const random = seeded(7);
  for (let round = 0; round < 300; round++) {
    const damaged = bytes.slice();
    for (let i = 0; i < 4; i++) damaged[Math.floor(random() * 12_000)] = Math.floor(random() * 256);
    const outcome = await readGguf(memory(damaged)).then(
      () => "read",
      (error: Error) => error.name,
    );
    expect(["read", "ApiError"]).toContain(outcome);
  }
});
