import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  array,
  bool,
  float32,
  type MetadataValue,
  scalar,
  string,
  strings,
  uint32,
} from "../../src/formats/gguf/metadata.ts";
import { readGgufFile } from "../../src/formats/gguf/read.ts";
import { writeGguf, type NewTensor } from "../../src/formats/gguf/write.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const tensor = (name: string, elements: number): NewTensor => ({
  name,
  shape: [elements],
  type: "F32",
  data: () => Float32Array.from({ length: elements }, (_, i) => i),
});

test("the smallest file has exactly the bytes of the specification", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.gguf");
  await writeGguf(path, { metadata: new Map([["k", uint32(7)]]), tensors: [tensor("t", 2)] });
  const expected = [
    Buffer.from("GGUF\x03\0\0\0"),
    Buffer.from("01000000000000000100000000000000", "hex"), // one tensor, one entry
    Buffer.from("01000000000000006b0400000007000000", "hex"), // "k", uint32, 7
    Buffer.from("01000000000000007401000000" + "0200000000000000" + "00000000" + "0000000000000000", "hex"),
    Buffer.alloc(22), // up to a multiple of 32
    Buffer.from("000000000000803f", "hex"),
    Buffer.alloc(24),
  ];
  expect(Buffer.from(await Bun.file(path).bytes()).toString("hex")).toBe(
    Buffer.concat(expected).toString("hex"),
  );
});

test("every value type comes back as it was written", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.gguf");
  const metadata = new Map<string, MetadataValue>([
    ["uint8", scalar("uint8", 255)],
    ["int8", scalar("int8", -128)],
    ["uint16", scalar("uint16", 65_535)],
    ["int16", scalar("int16", -32_768)],
    ["uint32", uint32(4_294_967_295)],
    ["int32", scalar("int32", -2_147_483_648)],
    ["float32", float32(0.5)],
    ["bool", bool(true)],
    ["string", string("Grüße, 世界 🌍")],
    ["uint64", scalar("uint64", 2n ** 64n - 1n)],
    ["int64", scalar("int64", -5)],
    ["float64", scalar("float64", Math.PI)],
    ["strings", strings(["", "a", "é"])],
    ["numbers", array("int32", [3, -1, 4])],
    ["flags", array("bool", [true, false])],
    ["nothing", array("float32", [])],
    ["__proto__", string("is a key like any other")],
  ]);
  await writeGguf(path, { metadata, tensors: [] });
  const header = await readGgufFile(path, "a.gguf");
  expect([...header.metadata]).toEqual([...metadata]);
});

test.each(["string", "uint64", "uint32", "int16", "bool"] as const)(
  "a header of any size is written whole: many of %s",
  async (type) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "a.gguf");
    const value = { string: "word", uint64: 7, uint32: 7, int16: 7, bool: true }[type];
    const metadata = new Map([
      [
        "many",
        array(
          type,
          Array.from({ length: 200_001 }, () => value),
        ),
      ],
    ]);
    await writeGguf(path, { metadata, tensors: [] });
    const header = await readGgufFile(path, "a.gguf", { keepArrays: Infinity });
    expect(header.metadata).toEqual(metadata);
  },
);

test("the data of every tensor begins at a multiple of the alignment", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.gguf");
  const tensors = [tensor("a", 3), tensor("b", 70), tensor("c", 1)];
  await writeGguf(path, { metadata: new Map(), tensors, alignment: 256 });
  const header = await readGgufFile(path, "a.gguf");
  expect(header.number("general.alignment")).toBe(256);
  const bytes = await Bun.file(path).bytes();
  for (const { offset, shape } of header.tensors) {
    const start = header.dataOffset + offset;
    expect(start % 256).toBe(0);
    const [elements = 0] = shape;
    const stored = new Float32Array(bytes.slice(start, start + elements * 4).buffer);
    expect([...stored]).toEqual(Array.from({ length: elements }, (_, i) => i));
  }
});

test("a tensor larger than one slice is stored whole", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.gguf");
  const elements = (1 << 20) + 32;
  await writeGguf(path, { metadata: new Map(), tensors: [{ ...tensor("a", elements), type: "Q8_0" }] });
  const [info] = (await readGgufFile(path, "a.gguf")).tensors;
  expect(info).toMatchObject({ name: "a", shape: [elements], bytes: (elements / 32) * 34 });
});

test("a write that fails leaves the old file and no draft", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.gguf");
  await Bun.write(path, "old");
  const broken: NewTensor = { ...tensor("a", 64), data: () => [new Uint8Array(8)] };
  const writing = writeGguf(path, { metadata: new Map(), tensors: [broken] });
  await expect(writing).rejects.toThrow("needs 256 bytes of data and got 8");
  expect(await Bun.file(path).text()).toBe("old");
  expect(await readdir(folder.path)).toEqual(["a.gguf"]);
});

test.each([
  ["a name that ggml cuts off", { name: "x".repeat(64) }],
  ["an empty name", { name: "" }],
  ["five dimensions", { shape: [1, 1, 1, 1, 1] }],
  ["a dimension of zero", { shape: [0] }],
  ["rows that fill no whole block", { type: "Q8_0", shape: [33] }],
] as const)("a tensor with %s is refused before anything is written", async (_, part) => {
  await using folder = await temporaryFolder();
  const writing = writeGguf(join(folder.path, "a.gguf"), {
    metadata: new Map(),
    tensors: [{ ...tensor("a", 1), ...part }],
  });
  await expect(writing).rejects.toThrow(RangeError);
  expect(await readdir(folder.path)).toEqual([]);
});
