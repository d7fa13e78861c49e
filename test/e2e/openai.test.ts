import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { APIError, BadRequestError } from "openai";
import type { LlamaEngine } from "../../src/engine/process.ts";
import { eventually } from "../support/eventually.ts";
import { caught, postJson } from "../support/inference.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { startRealServer, type TestServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Greedily decoded, random weights never end by themselves: every answer has as many tokens as it may. */
const MODEL = "family/random.gguf";
const hello = { model: MODEL, messages: [{ role: "user" as const, content: "Hello, who are you?" }] };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer<LlamaEngine>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeRandomModel(join(folder.path, MODEL), { contextLength: 512 });
  server = await startRealServer(folder.path);
  await server.manager.deploy({ model_name: MODEL, device: "cpu", wait: true });
}, 60_000);

afterAll(async () => {
  await server?.stop();
  await folder?.[Symbol.asyncDispose]();
});

describe("a real model behind the openai client", () => {
  test("answers the same whole and streamed, for one seed", async () => {
    const extras = { ignore_eos: true };
    const request = { ...hello, ...extras, max_tokens: 24, seed: 11 };
    const whole = await server.client.chat.completions.create(request);
    const stream = server.client.chat.completions.stream({
      ...request,
      stream_options: { include_usage: true },
    });
    const streamed = await stream.finalChatCompletion();
    const text = whole.choices[0]?.message.content ?? "";
    expect(text).not.toBe("");
    expect(streamed.choices[0]?.message.content).toBe(text);
    expect(whole.choices[0]?.finish_reason).toBe("length");
    expect(whole.usage?.completion_tokens).toBe(24);
    expect(streamed.usage?.prompt_tokens).toBe(whole.usage?.prompt_tokens);
    // The second prompt is the first one's, all but the token that has to be evaluated.
    const cached = streamed.usage?.prompt_tokens_details?.cached_tokens ?? 0;
    expect(cached).toBeGreaterThan(0);
    expect(cached).toBeLessThan(whole.usage?.prompt_tokens ?? 0);
  });

  test("answers otherwise for another seed, and the same without sampling", async () => {
    const answer = async (extra: object) => {
      const { choices } = await server.client.chat.completions.create({ ...hello, max_tokens: 24, ...extra });
      return choices[0]?.message.content;
    };
    expect(await answer({ seed: 1 })).not.toBe(await answer({ seed: 2 }));
    expect(await answer({ temperature: 0, seed: 1 })).toBe(await answer({ temperature: 0, seed: 2 }));
  });

  test("stops at a stop string, which is not part of the answer", async () => {
    const request = { ...hello, max_tokens: 40, temperature: 0 };
    const { choices } = await server.client.chat.completions.create(request);
    const text = choices[0]?.message.content ?? "";
    const stop = text.slice(12, 15);
    const expected = text.slice(0, text.indexOf(stop));
    let stopped = "";
    let reason: string | null = null;
    for await (const chunk of await server.client.chat.completions.create({
      ...request,
      stop,
      stream: true,
    })) {
      stopped += chunk.choices[0]?.delta.content ?? "";
      reason = chunk.choices[0]?.finish_reason ?? reason;
    }
    expect(stopped).toBe(expected);
    expect(reason).toBe("stop");
  });

  test("says what a logit bias commands", async () => {
    const { tokens } = (await (await postJson(server, "/tokenize", { content: "!" })).json()) as {
      tokens: number[];
    };
    const { choices } = await server.client.chat.completions.create({
      ...hello,
      max_tokens: 5,
      logit_bias: { [String(tokens[0])]: 100 },
    });
    expect(choices[0]?.message.content).toBe("!!!!!");
  });

  test("completes several prompts and more than there are slots", async () => {
    const prompt = ["one", "two", "three", "four", "five", "six"];
    const completion = await server.client.completions.create({
      model: MODEL,
      prompt,
      max_tokens: 4,
      temperature: 0,
    });
    expect(completion.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(completion.usage?.completion_tokens).toBe(24);
    const [alone] = (
      await server.client.completions.create({ model: MODEL, prompt: "three", max_tokens: 4, temperature: 0 })
    ).choices;
    expect(completion.choices[2]?.text).toBe(alone?.text ?? "");
  });

  test("answers a query within max_length, prompt and answer together", async () => {
    const response = await postJson(server, "/query", { prompt: "Hi", max_length: 30, do_sample: false });
    const body = (await response.json()) as { input_tokens: number; output_tokens: number };
    expect(body.input_tokens + body.output_tokens).toBe(30);
    const refused = await postJson(server, "/query", { prompt: "Hi", max_length: body.input_tokens });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { code: "max_length_exceeded", param: "max_length" },
      detail: expect.stringContaining(String(body.input_tokens)),
    });
  });

  test("runs out of context as length, and refuses what does not fit", async () => {
    const { usage, choices } = await server.client.chat.completions.create({ ...hello, temperature: 0 });
    expect(choices[0]?.finish_reason).toBe("length");
    expect(usage?.total_tokens).toBe(512);
    const content = "word ".repeat(1000);
    const asked = server.client.chat.completions.create({ ...hello, messages: [{ role: "user", content }] });
    const error = await caught(asked, BadRequestError);
    expect(error).toMatchObject({ code: "context_length_exceeded", param: "messages" });
    expect(error.message).toMatch(/\d{3,} tokens.*512 tokens/);
  });

  test("frees its slot when the client leaves, and when it is cancelled", async () => {
    // Long enough that no answer ends by itself before it is cut short.
    const long = "family/long.gguf";
    await writeRandomModel(join(folder.path, long), { contextLength: 16_384, layers: 4 });
    await server.manager.deploy({
      model_name: long,
      device: "cpu",
      context_length: 16_384,
      parallel: 1,
      wait: true,
    });
    const busySlots = () => server.manager.list().find((one) => one.model_name === long)?.busy_slots;
    const request = { ...hello, model: long, temperature: 0, stream: true as const };

    const isBusy = () => eventually(() => busySlots() === 1, "the request has the slot", 20_000);

    for await (const _ of await server.client.chat.completions.create(request)) {
      await isBusy();
      break;
    }
    await eventually(() => busySlots() === 0, "the slot is free after the client left");

    const reading = (async () => {
      let cancelling: Promise<unknown> | undefined;
      for await (const { id } of await server.client.chat.completions.create(request))
        await (cancelling ??= isBusy().then(() => postJson(server, `/requests/${id}/cancel`, {})));
    })();
    expect(await caught(reading, APIError)).toMatchObject({ code: "request_cancelled" });
    await eventually(() => busySlots() === 0, "the slot is free after it was cancelled");
    expect(server.services.requests.list()).toEqual([]);
  }, 30_000);

  test("is found by its name with a slash", async () => {
    expect(await server.client.models.retrieve(MODEL)).toMatchObject({
      id: MODEL,
      status: { value: "loaded" },
      context_length: 512,
      meta: { n_ctx_train: 512 },
    });
  });
});
