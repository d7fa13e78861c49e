import { expect, test } from "bun:test";
import { join } from "node:path";
import { hubCacheDirectory, hubToken } from "../../src/hub/hub-token.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the token is that of the environment, else that of the file a login writes", async () => {
  await using folder = await temporaryFolder();
  const env = { HOME: folder.path };
  expect(await hubToken(null, env)).toBeNull();
  await Bun.write(join(folder.path, ".cache/huggingface/token"), "hf_login\n");
  expect(await hubToken(null, env)).toBe("hf_login");
  expect(await hubToken(null, { ...env, HF_TOKEN: " hf_given " })).toBe("hf_given");
  expect(await hubToken(null, { ...env, HF_TOKEN: "" })).toBe("hf_login");
  await Bun.write(join(folder.path, "elsewhere/token"), "hf_moved");
  expect(await hubToken(join(folder.path, "elsewhere"), env)).toBe("hf_moved");
  await Bun.write(join(folder.path, "named"), "hf_named");
  expect(await hubToken(null, { ...env, HF_TOKEN_PATH: join(folder.path, "named") })).toBe("hf_named");
});

test("the cache is where programs that use the hub have it", () => {
  expect(hubCacheDirectory(null, { HOME: "/u" })).toBe("/u/.cache/huggingface/hub");
  expect(hubCacheDirectory(null, { HOME: "/u", XDG_CACHE_HOME: "/c" })).toBe("/c/huggingface/hub");
  expect(hubCacheDirectory("/set", { HOME: "/u", HF_HOME: "/h" })).toBe("/set/hub");
  expect(hubCacheDirectory("/set", { HOME: "/u", HF_HUB_CACHE: "/k" })).toBe("/k");
});

test("a home that is `auto` is the usual one, whatever the environment says", () => {
  for (const home of ["auto", "/h"])
    expect(hubCacheDirectory(null, { HOME: "/u", HF_HOME: home })).toBe("/u/.cache/huggingface/hub");
});
