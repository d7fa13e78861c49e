import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { readGgufFile } from "../../src/formats/gguf/read.ts";
import { HubClient } from "../../src/hub/hub-client.ts";
import { locateOnHub } from "../../src/hub/locate.ts";
import { parseModelName } from "../../src/hub/model-name.ts";
import { readRemoteHeader } from "../../src/hub/remote-header.ts";
import { HubStandIn } from "../support/hub-stand-in.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
let bytes: Uint8Array;
beforeAll(async () => {
  folder = await temporaryFolder();
  path = await writeRandomModel(join(folder.path, "m.gguf"), { vocabulary: 60_000, embedding: 64 });
  bytes = await Bun.file(path).bytes();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function remote(hub: HubStandIn, token: string | null = null) {
  const access = { endpoint: hub.endpoint, token };
  const name = parseModelName("user/repo");
  if (name.kind !== "hub") throw new Error("It is no name on the hub");
  const { files } = await locateOnHub(name, new HubClient(access));
  return { file: files[0]!, access };
}

test("a header is read without the weights", async () => {
  await using hub = await HubStandIn.start();
  hub.add("user/repo", { files: { "m.gguf": bytes } });
  const { file, access } = await remote(hub);
  const { header, bytes: start } = await readRemoteHeader(file, access);
  const local = await readGgufFile(path, "m.gguf");
  expect(header.fileSize).toBe(bytes.length);
  expect(header.dataOffset).toBe(local.dataOffset);
  expect(header.parameters).toBe(local.parameters);
  expect(start).toEqual(bytes.subarray(0, local.dataOffset));
  expect(local.dataOffset).toBeGreaterThan(1024 * 1024);
  expect(hub.contentRequests.length).toBe(2);
});

test("a header is read from a server that knows no ranges, and the rest of the file is left", async () => {
  await using hub = await HubStandIn.start();
  hub.faults.noRanges = true;
  const start = bytes.slice(0, 900);
  hub.add("user/repo", { files: { "m.gguf": start } });
  const { file, access } = await remote(hub);
  await expect(readRemoteHeader(file, access)).rejects.toThrow("is truncated");
});

test("what is no model is told", async () => {
  await using hub = await HubStandIn.start();
  hub.add("user/repo", { files: { "m.gguf": new TextEncoder().encode("<html>not here") } });
  const { file, access } = await remote(hub);
  await expect(readRemoteHeader(file, access)).rejects.toThrow("is no GGUF file");
});

test("the token opens a gated repository and never reaches the host that has the content", async () => {
  await using hub = await HubStandIn.start();
  hub.add("user/repo", { files: { "m.gguf": bytes }, gated: "manual" });
  const { file, access } = await remote(hub, hub.token);
  await readRemoteHeader(file, access);
  const tokens = (server: string) =>
    new Set(hub.seen.filter((seen) => seen.server === server).map(({ authorization }) => authorization));
  expect(tokens("hub")).toEqual(new Set([`Bearer ${hub.token}`]));
  expect(tokens("content")).toEqual(new Set([null]));
});

test("a gated repository says what to do and where a token goes", async () => {
  await using hub = await HubStandIn.start();
  hub.add("user/repo", { files: { "m.gguf": bytes }, gated: "manual" });
  const { file, access } = await remote(hub);
  const reading = readRemoteHeader(file, access);
  await expect(reading).rejects.toMatchObject({ status: 403, code: "gated_repository", param: "hf_token" });
  await expect(reading).rejects.toThrow(`accept its conditions at ${hub.endpoint}/user/repo, make a token`);
  await expect(reading).rejects.toThrow("pass it as hf_token");
});

test.each([
  [404, { status: 404, code: "model_not_found" }, "There is no file at ADDRESS"],
  [403, { status: 400, code: "invalid_value" }, "The file at ADDRESS can not be downloaded"],
  [401, { status: 400, code: "invalid_value" }, "The file at ADDRESS can not be downloaded"],
])(
  "an address that is no hub's and answers %i is not spoken of as a repository",
  async (status, told, says) => {
    using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("no", { status }) });
    const url = new URL("/m.gguf?signature=secret", server.url);
    const file = { name: "host/m.gguf", url: url.href, repo: null, size: 9, sha256: null, etag: null };
    const reading = readRemoteHeader(file, { endpoint: "https://huggingface.co", token: "hf_token" });
    await expect(reading).rejects.toMatchObject(told);
    await expect(reading).rejects.toThrow(says.replace("ADDRESS", `${url.origin}/m.gguf`));
    await expect(reading).rejects.not.toThrow(/repository|secret/);
  },
);
