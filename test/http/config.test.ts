import { describe, expect, test } from "bun:test";
import { maskSecrets } from "../../src/http/mask-secrets.ts";
import { startServer } from "../support/server.ts";

test("GET /config shows the settings in force", async () => {
  await using server = await startServer({}, { parallel: 7, allowedOrigins: ["https://berth.example"] });
  const answer = await fetch(`${server.url}/config`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    host: "127.0.0.1",
    parallel: 7,
    model: null,
    allowedOrigins: ["https://berth.example"],
    watchdog: { restarts: 5 },
  });
});

describe("a secret", () => {
  test("is masked by its name, at any depth and in lists", () => {
    expect(
      maskSecrets({
        hfToken: "hf_x",
        apiKey: "sk-x",
        apiKeys: ["sk-x", "sk-y"],
        nested: { password: "x", list: [{ clientSecret: "x", name: "kept" }] },
      }),
    ).toEqual({
      hfToken: "***",
      apiKey: "***",
      apiKeys: "***",
      nested: { password: "***", list: [{ clientSecret: "***", name: "kept" }] },
    });
  });

  test("that is not set is shown as such", () => {
    expect(maskSecrets({ hfToken: null })).toEqual({ hfToken: null });
  });

  test("is not seen in settings that only sound alike", () => {
    const settings = { contextLength: 1, maxTokens: 512, keyboard: "us", threads: null };
    expect(maskSecrets(settings)).toEqual(settings);
  });
});
