import { expect, test } from "bun:test";
import type { RecommendationsAnswer } from "../../src/schemas/recommendation.ts";
import { startServer } from "../support/server.ts";

async function recommendations(url: string, query = ""): Promise<RecommendationsAnswer> {
  return (await (await fetch(`${url}/recommendations${query}`)).json()) as RecommendationsAnswer;
}

test("models are recommended for the memory that is free here", async () => {
  await using server = await startServer({}, { deploy: null });
  const answer = await recommendations(server.url);
  expect(answer).toMatchObject({ purpose: "chat", machine: { ram: 6e9, vram: 0, disk: 6e10 } });
  const fitting = answer.recommendations.filter(({ fits }) => fits !== "none");
  expect(fitting).not.toBeEmpty();
  for (const one of fitting) {
    expect(one.memory_bytes).toBeLessThan(6e9);
    expect(answer.tiers[one.tier]).toContain(one.model_name);
  }
});

test("what idle models would give back counts as free", async () => {
  await using server = await startServer();
  expect((await recommendations(server.url)).machine.ram).toBe(6e9 + 5_500_000);
});

test("they are for a purpose, and an unknown one is refused with those there are", async () => {
  await using server = await startServer({}, { deploy: null });
  const { recommendations: ranked, notes } = await recommendations(server.url, "?purpose=rerank");
  expect(notes).toMatchObject([expect.stringContaining("no endpoint for rerank yet")]);
  expect((await recommendations(server.url)).notes).toEqual([]);
  expect(ranked).not.toBeEmpty();
  expect(ranked.every(({ purposes }) => purposes.includes("rerank"))).toBe(true);
  const refused = await fetch(`${server.url}/recommendations?purpose=poetry`);
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain("embeddings");
});
