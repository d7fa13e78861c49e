import { describe, expect, test } from "bun:test";
import { ALL_SETTINGS } from "../../src/config/settings.ts";
import { maskSecrets } from "../../src/http/mask-secrets.ts";
import { startServer } from "../support/server.ts";

test("GET /config shows the settings in force, by the names that berth.yaml has for them", async () => {
  const aliases = { gptLike: "guide" };
  await using server = await startServer(
    {},
    { parallel: 7, allowedOrigins: ["https://berth.example"], aliases },
  );
  const answer = await fetch(`${server.url}/config`);
  expect(answer.status).toBe(200);
  const { sources: _sources, ...settings } = (await answer.json()) as Record<string, unknown>;
  expect(settings).toMatchObject({
    host: "127.0.0.1",
    parallel: 7,
    model: null,
    allowed_origins: ["https://berth.example"],
    aliases,
    watchdog: { restarts: 5 },
  });
  const names = Object.entries(settings).flatMap(([name, value]) =>
    name === "watchdog" ? Object.keys(value as object).map((inner) => `${name}.${inner}`) : name,
  );
  expect(names.toSorted()).toEqual(ALL_SETTINGS.map(({ yaml }) => yaml).toSorted());
});

test("GET /config shows where each setting comes from", async () => {
  const sources = { allowedHosts: "BERTH_ALLOWED_HOSTS", "watchdog.stepFactor": "/srv/berth.yaml" };
  await using server = await startServer({}, { sources });
  const config = (await (await fetch(`${server.url}/config`)).json()) as { sources: Record<string, string> };
  expect(config.sources).toMatchObject({
    allowed_hosts: "BERTH_ALLOWED_HOSTS",
    "watchdog.step_factor": "/srv/berth.yaml",
  });
});

describe("a secret", () => {
  test("is masked by its name, at any depth and in lists", () => {
    expect(
      maskSecrets({
        hfToken: "hf_x",
        apiKey: "sk-x",
        api_key: "sk-x",
        apiKeys: ["sk-x", "sk-y"],
        nested: { password: "x", list: [{ clientSecret: "x", name: "kept" }] },
      }),
    ).toEqual({
      hfToken: "***",
      apiKey: "***",
      api_key: "***",
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
