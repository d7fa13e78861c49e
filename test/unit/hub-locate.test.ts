import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { HubClient } from "../../src/hub/hub-client.ts";
import { locateOnHub, locateUrl } from "../../src/hub/locate.ts";
import { parseModelName } from "../../src/hub/model-name.ts";
import { eventually } from "../support/eventually.ts";
import { HubStandIn } from "../support/hub-stand-in.ts";

const content = (text: string) => new TextEncoder().encode(text);
const SEVERAL = ["README.md", "m-Q4_K_M.gguf", "m-Q8_0.gguf", "m-UD-Q4_K_XL.gguf", "mmproj-f16.gguf"];
const files = (...names: string[]) => Object.fromEntries(names.map((name) => [name, content(name)]));

let hub: HubStandIn;
beforeEach(async () => {
  hub = await HubStandIn.start();
});
afterEach(() => hub[Symbol.asyncDispose]());

function locate(text: string, token: string | null = null) {
  const name = parseModelName(text, hub.endpoint);
  if (name.kind !== "hub") throw new Error(`'${text}' is no name on the hub`);
  return locateOnHub(name, new HubClient({ endpoint: hub.endpoint, token }));
}

describe("a name on the hub", () => {
  test("without a quantisation stands for the usual one", async () => {
    hub.add("user/repo", { files: files(...SEVERAL) });
    expect(await locate("user/repo")).toEqual({
      name: "user/repo/m-Q4_K_M.gguf",
      files: [
        {
          name: "user/repo/m-Q4_K_M.gguf",
          url: `${hub.endpoint}/user/repo/resolve/5f0b02c75b57c5855da9ae460ce51323ea669d8a/m-Q4_K_M.gguf`,
          repo: "user/repo",
          size: 13,
          sha256: new Bun.CryptoHasher("sha256").update("m-Q4_K_M.gguf").digest("hex"),
          etag: null,
        },
      ],
      fileSize: 13,
      quantisation: "Q4_K_M",
      repo: "user/repo",
      commit: "5f0b02c75b57c5855da9ae460ce51323ea669d8a",
    });
  });

  test.each([
    ["user/repo:q8_0", "user/repo/m-Q8_0.gguf"],
    ["user/repo:UD-Q4_K_XL", "user/repo/m-UD-Q4_K_XL.gguf"],
    ["user/repo/m-Q8_0.gguf", "user/repo/m-Q8_0.gguf"],
    ["user/repo@dev:Q8_0", "user/repo@dev/m-Q8_0.gguf"],
  ])("says which: %s", async (name, file) => {
    hub.add("user/repo", { files: files(...SEVERAL), revisions: { dev: "d".repeat(40) } });
    expect(await locate(name)).toMatchObject({ name: file });
  });

  test.each(["user/repo:Q8_0", "user/repo"])("stands for no projector beside the model: %s", async (name) => {
    hub.add("user/repo", { files: files("M.Q8_0.gguf", "M.mmproj-Q8_0.gguf", "M-mmproj-f16.gguf") });
    expect(await locate(name)).toMatchObject({ name: "user/repo/M.Q8_0.gguf" });
  });

  test.each(["user/repo:Q8_0", "user/repo", "user/repo/Q8_0/big-00001-of-00003.gguf"])(
    "stands for all parts of a split model: %s",
    async (name) => {
      const parts = [1, 2, 3].map((part) => `Q8_0/big-0000${part}-of-00003.gguf`);
      hub.add("user/repo", { files: files(...parts.toReversed()) });
      const model = await locate(name);
      expect(model.files.map((file) => file.name)).toEqual(parts.map((part) => `user/repo/${part}`));
      expect(model).toMatchObject({ quantisation: "Q8_0", fileSize: 3 * parts[0]!.length });
    },
  );

  test("is found on a later page of a long list", async () => {
    hub.pageSize = 2;
    hub.add("user/repo", { files: files(...SEVERAL) });
    expect((await locate("user/repo:UD-Q4_K_XL")).name).toBe("user/repo/m-UD-Q4_K_XL.gguf");
  });

  test("is found although the hub fails at first", async () => {
    hub.faults.failing = 2;
    hub.add("user/repo", { files: files(...SEVERAL) });
    expect((await locate("user/repo")).name).toBe("user/repo/m-Q4_K_M.gguf");
  });

  test("of a private repository is found with the token", async () => {
    hub.add("user/repo", { files: files(...SEVERAL), private: true });
    expect((await locate("user/repo", hub.token)).name).toBe("user/repo/m-Q4_K_M.gguf");
  });
});

describe("what is not there is told with what is", () => {
  test("a quantisation", async () => {
    hub.add("user/repo", { files: files(...SEVERAL) });
    const locating = locate("user/repo:Q5_K_M");
    await expect(locating).rejects.toMatchObject({ status: 400, code: "quantisation_not_found" });
    await expect(locating).rejects.toThrow("no file of Q5_K_M: it has 'Q4_K_M', 'Q8_0', 'UD-Q4_K_XL'");
  });

  test("a file", async () => {
    hub.add("user/repo", { files: files(...SEVERAL) });
    const locating = locate("user/repo/other.gguf");
    await expect(locating).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    await expect(locating).rejects.toThrow("'m-Q4_K_M.gguf', 'm-Q8_0.gguf'");
  });

  test("a repository without GGUF files, with repositories that have some", async () => {
    hub.add("maker/Model-7B", { files: files("model.safetensors") });
    hub.add("fan/Model-7B-GGUF", { files: files("m-Q4_K_M.gguf"), downloads: 5 });
    hub.add("other/Model-7B-GGUF", { files: files("m-Q4_K_M.gguf"), downloads: 50 });
    const locating = locate("maker/Model-7B");
    await expect(locating).rejects.toMatchObject({ status: 400, code: "no_gguf_files" });
    await expect(locating).rejects.toThrow("'other/Model-7B-GGUF', 'fan/Model-7B-GGUF'");
  });

  test("a repository, which may also be private, with similar ones", async () => {
    hub.add("fan/Model-7B-GGUF", { files: files("m-Q4_K_M.gguf") });
    const locating = locate("typo/Model-7B");
    await expect(locating).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    await expect(locating).rejects.toThrow("or it is private: check the name, or pass a token");
    await expect(locating).rejects.toThrow("'fan/Model-7B-GGUF'");
  });

  test("a revision", async () => {
    hub.add("user/repo", { files: files(...SEVERAL) });
    await expect(locate("user/repo@nope")).rejects.toThrow("has no revision 'nope'");
  });

  test("a part of a split model", async () => {
    hub.add("user/repo", { files: files("b-00001-of-00002.gguf") });
    await expect(locate("user/repo")).rejects.toThrow("is incomplete: 1 of the 2 parts");
  });

  test("two files of one quantisation", async () => {
    hub.add("user/repo", { files: files("a-Q8_0.gguf", "b-Q8_0.gguf") });
    await expect(locate("user/repo:Q8_0")).rejects.toThrow(
      "name one of 'user/repo/a-Q8_0.gguf', 'user/repo/b-Q8_0.gguf'",
    );
  });
});

test("a token that the hub does not know is told", async () => {
  hub.add("user/repo", { files: files(...SEVERAL) });
  const locating = locate("user/repo", "hf_mistyped");
  await expect(locating).rejects.toMatchObject({ status: 403, code: "token_refused" });
  await expect(locating).rejects.not.toThrow("hf_mistyped");
});

test("a hub that is not there is told as something that may pass, with what can be done", async () => {
  const { endpoint } = hub;
  await hub[Symbol.asyncDispose]();
  const client = new HubClient({ endpoint, token: null });
  const asking = client.repository("user/repo", null);
  await expect(asking).rejects.toMatchObject({ status: 503, code: "hub_unreachable" });
  // What can be done about it stands there, too.
  await expect(asking).rejects.toThrow("HF_ENDPOINT");
});

test("a hub that answers no more for now says when to come back, and is left alone until then", async () => {
  hub.faults.limited = 55;
  const locating = locate("user/repo");
  await expect(locating).rejects.toMatchObject({ status: 503, code: "hub_busy", retryAfter: 55 });
  await expect(locating).rejects.toThrow("try again in 55 s");
  expect(hub.seen).toHaveLength(1);
});

test("a limit that is over in a moment is waited out", async () => {
  hub.add("user/repo", { files: files("m-Q8_0.gguf") });
  hub.faults.limited = 1;
  const locating = locate("user/repo");
  await eventually(() => hub.seen.length === 1, "it was asked once");
  hub.faults.limited = null;
  expect((await locating).name).toBe("user/repo/m-Q8_0.gguf");
});

test("a file name that leads out of its folder is not there", async () => {
  hub.add("user/repo", { files: files("../../evil.gguf", "good-Q8_0.gguf") });
  expect((await locate("user/repo")).name).toBe("user/repo/good-Q8_0.gguf");
});

test("a search finds repositories with GGUF files, the most downloaded first", async () => {
  hub.add("a/Qwen-GGUF", { files: files("m.gguf"), downloads: 1, gated: "auto" });
  hub.add("b/qwen-gguf", { files: files("m.gguf"), downloads: 9 });
  hub.add("c/qwen", { files: files("m.safetensors"), downloads: 99 });
  const found = await new HubClient({ endpoint: hub.endpoint, token: null }).search("qwen", 10);
  expect(found).toMatchObject([
    { id: "b/qwen-gguf", downloads: 9, gated: false },
    { id: "a/Qwen-GGUF", gated: "auto", gguf: { architecture: "llama", contextLength: 2048 } },
  ]);
});

test("a file at any other address is found with its size", async () => {
  hub.add("user/repo", { files: files("m-Q8_0.gguf") });
  const url = new URL(`${hub.endpoint}/user/repo/resolve/main/m-Q8_0.gguf`);
  const model = await locateUrl(
    { kind: "url", url },
    { endpoint: "https://huggingface.co", token: "hf_secret" },
  );
  expect(model).toMatchObject({
    name: `127.0.0.1_${url.port}/user/repo/resolve/main/m-Q8_0.gguf`,
    fileSize: 11,
    quantisation: "Q8_0",
    repo: null,
  });
  expect(hub.seen.map(({ authorization }) => authorization)).toEqual([null, null]);
});

describe("a split model at any other address", () => {
  const access = { endpoint: "https://huggingface.co", token: null };
  const parts = [1, 2].map((part) => `m-Q8_0-0000${part}-of-00002.gguf`);
  const at = (name = "") => new URL(`${hub.endpoint}/user/repo/resolve/main/${name}`);
  const found = (url: URL) => locateUrl({ kind: "url", url }, access);

  test("is found with all parts by any of them", async () => {
    hub.add("user/repo", { files: files(...parts) });
    for (const name of parts) {
      const folder = `127.0.0.1_${at().port}/user/repo/resolve/main`;
      const model = await found(at(`${name}?download=true`));
      expect(model).toMatchObject({ name: `${folder}/${parts[0]}`, fileSize: 2 * parts[0]!.length });
      expect(model.files.map(({ url }) => url)).toEqual(
        parts.map((part) => at(`${part}?download=true`).href),
      );
      expect(model.files.map((file) => file.name)).toEqual(parts.map((part) => `${folder}/${part}`));
    }
  });

  test("is told by the part that is missing there, and not asked for further", async () => {
    const [first] = parts;
    const name = first!.replace("of-00002", "of-00999");
    hub.add("user/repo", { files: files(name) });
    await expect(found(at(name))).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining("m-Q8_0-00002-of-00999.gguf"),
    });
    expect(hub.seen.filter(({ path }) => path.includes("of-00999"))).toHaveLength(2);
  });

  test("is asked for no part when its name promises more than any model has", async () => {
    await expect(found(at("m-00001-of-99999.gguf"))).rejects.toMatchObject({
      status: 400,
      param: "model_name",
    });
    expect(hub.seen).toEqual([]);
  });
});

test("an address where nothing is gets told so", async () => {
  const url = new URL(`${hub.endpoint}/nothing/here.gguf`);
  const access = { endpoint: "https://huggingface.co", token: null };
  await expect(locateUrl({ kind: "url", url }, access)).rejects.toMatchObject({ status: 404 });
});
