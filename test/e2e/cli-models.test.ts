import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { DiskModel } from "../../src/schemas/disk-model.ts";
import { berth } from "../support/berth-process.ts";
import { verb } from "../support/cli-client.ts";
import { HubServer, twoModels } from "../support/hub-server.ts";
import { writeRandomLora } from "../support/random-lora.ts";
import type { TestOptions } from "../support/server.ts";

setDefaultTimeout(60_000);

let model: Uint8Array<ArrayBuffer>;
let other: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  [model, other] = await twoModels();
});

const start = (options: TestOptions = {}) =>
  HubServer.start((hub) => {
    hub.add("user/repo", { files: { "m-Q4_K_M.gguf": model, "m-Q8_0.gguf": other } });
    hub.add("user/gated", { files: { "m.gguf": model }, gated: "auto" });
  }, options);

describe("berth pull", () => {
  test("downloads a model, tells how far it is, and what to do with it", async () => {
    await using at = await start();
    at.slowDown();
    const { code, out, err } = await verb(at.url, ["pull", "user/repo"]);
    expect(err).toContain("Downloading user/repo/m-Q4_K_M.gguf");
    expect(err).toMatch(/Downloading \d+ % of 1 MiB/);
    expect(err).toContain("user/repo/m-Q4_K_M.gguf is here: berth deploy user/repo/m-Q4_K_M.gguf");
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect((await verb(at.url, ["pull", "user/repo"])).out).toContain("is on this machine already");
  });

  test("says so when what the hub has is no model", async () => {
    await using at = await start();
    at.hub.add("user/odd", { files: { "odd.gguf": new TextEncoder().encode("no model at all") } });
    const { code, err } = await verb(at.url, ["pull", "user/odd"]);
    expect(err).toMatch(/user\/odd\/odd\.gguf is downloaded, and can not be used: .*is no GGUF file/);
    expect(err).not.toContain("berth deploy");
    expect(code).toBe(1);
  });

  test("returns at once with --no-wait, and prints the answer for a program with --json", async () => {
    await using at = await start();
    const { out } = await verb(at.url, ["pull", "user/repo", "--8bit", "--no-wait", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ model_name: "user/repo/m-Q8_0.gguf" });
  });

  test("fails with the reason, on the error output", async () => {
    await using at = await start();
    const wrong = await verb(at.url, ["pull", "user/repo:Q2_K"]);
    expect(wrong.err).toContain("it has 'Q4_K_M', 'Q8_0'");
    expect(wrong.code).toBe(1);
    const gated = await verb(at.url, ["pull", "user/gated"]);
    expect(gated.err).toContain("is gated: accept its conditions");
    // In words of commands, not of the API.
    expect(gated.err).toContain(
      "pass it to 'berth pull' as --hf-token, or in HF_TOKEN here or of the server",
    );
    expect(gated.code).toBe(1);
  });

  test.each(["pull user/gated", "check user/gated", "deploy user/gated --estimate"])(
    "hands on the token it is given, as all do that may meet a gated repository: berth %s",
    async (line) => {
      await using at = await start();
      expect((await verb(at.url, [...line.split(" "), "--hf-token", at.hub.token])).code).toBe(0);
    },
  );

  test.each(["pull user/gated", "check user/gated", "deploy user/gated --estimate"])(
    "does not take another in place of the token it is given: berth %s",
    async (line) => {
      await using at = await start();
      const env = { BERTH_URL: at.url, HF_TOKEN: at.hub.token };
      const given = ["--hf-token", at.hub.strangersToken];
      const { code, err } = await berth([...line.split(" "), ...given], { env });
      expect(err).toContain("is gated");
      expect(code).toBe(1);
    },
  );

  test("hands the token of its environment to a server on this machine", async () => {
    await using at = await start();
    const env = { BERTH_URL: at.url, HF_TOKEN: at.hub.token };
    expect((await berth(["pull", "user/gated"], { env })).code).toBe(0);
  });

  test.each(["check user/gated", "deploy user/gated --estimate", "deploy user/gated", "query user/gated Hi"])(
    "so does berth %s, where the hub wants one",
    async (line) => {
      await using at = await start();
      const words = line.split(" ");
      const refused = await berth(words, { env: { BERTH_URL: at.url } });
      expect(refused.err).toContain("is gated");
      const { code, err } = await berth(words, { env: { BERTH_URL: at.url, HF_TOKEN: at.hub.token } });
      expect(err).not.toContain("hf_token has no effect");
      expect(code).toBe(0);
    },
  );
});

describe("berth list", () => {
  test("shows what is on disk and what is on its way", async () => {
    await using at = await start();
    await at.have("user/repo");
    at.slowDown();
    await at.pull("user/repo:Q8_0");
    const { out, code } = await verb(at.url, ["ls"]);
    expect(out).toMatch(/MODEL +SIZE +PARAMETERS +QUANTISATION +CONTEXT +CAPABILITIES +STATE/);
    expect(out).toMatch(/user\/repo\/m-Q4_K_M\.gguf +1 MiB +7\d\d k +F16 +2048 +chat +on disk/);
    expect(out).toMatch(/user\/repo\/m-Q8_0\.gguf +1 MiB +downloading \d+ %/);
    expect(code).toBe(0);
    const json = JSON.parse((await verb(at.url, ["list", "--json"])).out) as { models: DiskModel[] };
    expect(json.models.map(({ id }) => id)).toEqual(["guide", "user/repo/m-Q4_K_M.gguf"]);
  });
});

describe("berth status", () => {
  test("shows what is on its way", async () => {
    await using at = await start();
    at.slowDown();
    await at.pull("user/repo");
    const { out } = await verb(at.url, ["status"]);
    expect(out).toMatch(/DOWNLOAD +SIZE +STATE\nuser\/repo\/m-Q4_K_M\.gguf +1 MiB +downloading \d+ %/);
  });
});

describe("berth query", () => {
  test("takes any name of a model that is deployed under another one", async () => {
    await using at = await start({ aliases: { fast: "user/repo" } });
    await at.deploy("user/repo:Q4_K_M", { wait: true });
    for (const name of ["fast", "user/repo/m-Q4_K_M.gguf"]) {
      const { out, err, code } = await verb(at.url, ["query", name, "hello"]);
      expect({ out: out.trim(), err, code }).toEqual({ out: "Hello world", err: "", code: 0 });
    }
    expect(at.server.manager.list()).toHaveLength(1);
  });
});

describe("berth rm", () => {
  test("removes a downloaded model, and refuses what is not its to remove", async () => {
    await using at = await start();
    await at.have("user/repo:Q8_0");
    const gone = await verb(at.url, ["rm", "user/repo:Q8_0"]);
    expect(gone.out).toContain("'user/repo/m-Q8_0.gguf' is removed: 1 MiB are free again");
    expect(await at.file("user/repo/m-Q8_0.gguf").exists()).toBe(false);
    const again = await verb(at.url, ["rm", "user/repo:Q8_0"]);
    expect(again.err).toContain("There is no model 'user/repo:Q8_0' on this machine");
    expect(again.code).toBe(1);
  });

  test("gives up a download that is not complete", async () => {
    await using at = await start();
    at.slowDown();
    const { download } = await at.pull("user/repo");
    await at.begins(download?.id);
    const { out } = await verb(at.url, ["rm", "user/repo"]);
    expect(out).toContain("is given up, and what arrived of it is removed");
    expect(await at.file("user/repo/m-Q4_K_M.gguf.part").exists()).toBe(false);
  });

  test("gives up none where a repository's name may mean another, too", async () => {
    await using at = await start();
    await at.have("user/repo:Q8_0");
    at.slowDown();
    const { download } = await at.pull("user/repo:Q4_K_M");
    await at.begins(download?.id);
    const { code, err } = await verb(at.url, ["rm", "user/repo"]);
    expect(err).toContain("name one of user/repo/m-Q4_K_M.gguf, user/repo/m-Q8_0.gguf");
    expect(code).toBe(1);
    expect(await at.file("user/repo/m-Q8_0.gguf").exists()).toBe(true);
    expect(await at.file("user/repo/m-Q4_K_M.gguf.part").exists()).toBe(true);
  });

  test("gives up the download that is meant, and leaves what is complete beside it", async () => {
    await using at = await start();
    await at.have("user/repo:Q8_0");
    at.slowDown();
    const { download } = await at.pull("user/repo:Q4_K_M");
    await at.begins(download?.id);
    const isPartThere = () => at.file("user/repo/m-Q4_K_M.gguf.part").exists();
    await at.delete(`/downloads/${download?.id}`);
    expect(await isPartThere()).toBe(true);
    const { out } = await verb(at.url, ["rm", "user/repo:q4_k_m"]);
    expect(out).toContain("The download of 'user/repo/m-Q4_K_M.gguf' is given up");
    expect(await isPartThere()).toBe(false);
    expect(await at.file("user/repo/m-Q8_0.gguf").exists()).toBe(true);
  });
});

describe("shell completion", () => {
  test("knows the models of the running server that a verb may be given", async () => {
    await using at = await start();
    await at.have("user/repo");
    await at.deploy("user/repo", { alias: "fast" });
    await at.have("user/repo:Q8_0");
    await writeRandomLora(at.file("adapter.gguf").name!);
    const names = async (...words: string[]) => {
      const { out } = await verb(at.url, ["complete", "--", ...words]);
      return out
        .split("\n")
        .flatMap((line) => (line.includes("\t") ? line.slice(0, line.indexOf("\t")) : []));
    };
    const onDisk = ["user/repo/m-Q4_K_M.gguf", "user/repo/m-Q8_0.gguf"];
    expect(await names("undeploy", "")).toEqual(["user/repo", "fast"]);
    expect(await names("run", "")).toEqual(["user/repo", "fast", "guide", ...onDisk]);
    expect(await names("query", "--temperature", "0", "f")).toEqual(["fast"]);
    expect(await names("rm", "--json", "")).toEqual([onDisk[1] ?? ""]);
    expect(await names("show", "a")).toContain("adapter.gguf");
    expect(await names("show", "--url", "http://127.0.0.1:9", "")).toEqual([]);
  });
});
