import { describe, expect, test } from "bun:test";
import type { DeployRequest } from "../../src/schemas/deployment.ts";
import { postJson } from "../support/inference.ts";
import { startServer } from "../support/server.ts";

/** A server with one model deployed like that, and what its engine was last asked for. */
async function serverWith(options: Omit<DeployRequest, "model_name">) {
  const server = await startServer({}, { deploy: null });
  await server.manager.deploy({ model_name: "m", wait: true, ...options });
  const last = () => server.engine.models[0]?.requests.at(-1);
  return { server, last, [Symbol.asyncDispose]: () => server.stop() };
}

const chat = { model: "m", messages: [{ role: "user" as const, content: "Hi" }] };

describe("what a deployment says for its requests", () => {
  test("holds where a request is silent, on every endpoint", async () => {
    await using given = await serverWith({
      sampling: { temperature: 0.2, top_k: 7, stop: "END", max_tokens: 2 },
    });
    const { server, last } = given;
    await server.client.chat.completions.create(chat);
    const expected = { sampling: { temperature: 0.2, topK: 7 }, stop: ["END"], maxTokens: 2 };
    expect(last()).toMatchObject(expected);
    await server.client.completions.create({ model: "m", prompt: "Hi" });
    expect(last()).toMatchObject(expected);
    await postJson(server, "/query", { prompt: "Hi" });
    expect(last()).toMatchObject({ ...expected, sampling: { temperature: 0.2, topK: 7, topP: 0.9 } });
  });

  test("gives way to what a request says; null says nothing", async () => {
    await using given = await serverWith({
      sampling: { temperature: 0.2, repeat_penalty: 1.3, max_tokens: 2 },
    });
    const { server, last } = given;
    await postJson(server, "/v1/chat/completions", {
      ...chat,
      temperature: 0.9,
      max_tokens: null,
      repetition_penalty: 1.1,
    });
    expect(last()).toMatchObject({ sampling: { temperature: 0.9, repeatPenalty: 1.1 }, maxTokens: 2 });
  });

  test("gives way to what a query switches off", async () => {
    await using given = await serverWith({
      sampling: { min_p: 0.5, repeat_penalty: 1.3, stop: "END" },
    });
    const { server, last } = given;
    const prompt = "Hi";
    await postJson(server, "/query", { prompt, min_p: 0, repetition_penalty: 1, stop: [] });
    expect(last()).toMatchObject({ sampling: { minP: 0, repeatPenalty: 1 }, stop: [] });
    await postJson(server, "/query", { prompt, stop_strings: {} });
    expect(last()).toMatchObject({ sampling: { minP: 0.5, repeatPenalty: 1.3 }, stop: [] });
    await postJson(server, "/query", { prompt, min_p: null, repetition_penalty: null, stop: null });
    expect(last()).toMatchObject({ sampling: { minP: 0.5, repeatPenalty: 1.3 }, stop: ["END"] });
  });

  test("is a system prompt for chats that bring none", async () => {
    await using given = await serverWith({ system_prompt: "Be brief." });
    const { server, last } = given;
    await server.client.chat.completions.create(chat);
    expect(last()?.prompt).toMatchObject({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
      ],
    });
    const own = { role: "developer" as const, content: "Rhyme." };
    await server.client.chat.completions.create({ ...chat, messages: [own, ...chat.messages] });
    expect(last()?.prompt).toMatchObject({ messages: [{ content: "Rhyme." }, { content: "Hi" }] });
    await postJson(server, "/query", { prompt: "Hi" });
    expect(last()?.prompt).toMatchObject({ messages: [{ content: "Be brief." }, { content: "Hi" }] });
  });

  test("counts where a chat is tokenised, as it does where one is answered", async () => {
    await using given = await serverWith({ system_prompt: "one two" });
    const { server } = given;
    const count = async (request: object) => {
      const answer = await postJson(server, "/tokenize", request);
      return ((await answer.json()) as { count: number }).count;
    };
    expect(await count({ messages: chat.messages })).toBe(3);
    expect(await count({ messages: [{ role: "system", content: "one" }, ...chat.messages] })).toBe(2);
    expect(await count({ content: "Hi" })).toBe(1);
  });
});
