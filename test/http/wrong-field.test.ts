import { describe, expect, test } from "bun:test";
import { type Envelope, refusal, refusedChat } from "../support/refusal.ts";
import { startServer } from "../support/server.ts";

describe("a wrong field", () => {
  test("is named, with what it should be and without its value", async () => {
    const refused = await refusal("/deploy", '{"model_name":"x","hf_token":["hf_secret"]}');
    expect(refused).toMatchObject({ status: 400, param: "hf_token", code: "invalid_type" });
    expect(refused.message).toContain("string");
    expect(refused.message).not.toContain("hf_secret");
  });

  test("deep inside is named by its path", async () => {
    const refused = await refusedChat({
      messages: [
        { role: "user", content: "Hi" },
        { role: "wizard", content: "Hi" },
      ],
    });
    expect(refused).toMatchObject({ status: 400, param: "messages.1.role", code: "invalid_value" });
  });

  test("with few choices lists them all", async () => {
    const refused = await refusal("/deploy", '{"model_name":"x","device":"tpu"}');
    expect(refused).toMatchObject({ param: "device", code: "invalid_value" });
    for (const device of ["auto", "cpu", "cuda", "vulkan", "metal", "mps"])
      expect(refused.message).toContain(`"${device}"`);
  });

  test("with few choices, some of them true and false, lists them all, too", async () => {
    const refused = await refusal("/deploy", '{"model_name":"x","flash_attention":"yes"}');
    expect(refused).toMatchObject({ param: "flash_attention", code: "invalid_value" });
    expect(refused.message).toBe(`'flash_attention' must be one of "auto", true, false`);
  });

  test.each([[0], [-2], ["many"]])(
    "with one value beside a range, such as %j, is told both",
    async (limit) => {
      const refused = await refusedChat({ max_tokens: limit });
      expect(refused.message).toContain("expected -1 or integer");
    },
  );

  test("that is not known is told with what was probably meant, or with those there are", async () => {
    const mistyped = await refusal("/deploy", '{"model_name":"x","sampling":{"temprature":1}}');
    expect(mistyped.message).toBe("'sampling.temprature' is not known: did you mean 'temperature'?");
    const strange = await refusal("/deploy", '{"model_name":"x","sampling":{"colour_of_words":1}}');
    expect(strange).toMatchObject({ status: 400, param: "sampling.colour_of_words" });
    expect(strange.message).toContain("temperature, top_p");
  });

  test("that is missing is required", async () => {
    expect(await refusal("/deploy", "{}")).toMatchObject({
      param: "model_name",
      code: "missing_required_parameter",
      message: "'model_name' is required",
    });
  });

  test("out of range says the range, also where null is allowed", async () => {
    const refused = await refusedChat({ temperature: 9 });
    expect(refused).toMatchObject({ param: "temperature", code: "invalid_value" });
    expect(refused.message).toContain("less or equal to 2");
  });

  test.each([
    [{ stop: Array(65).fill("a") }, "stop", "invalid_value", /array length.* 64, got an array of 65$/],
    [{ stream: "yes" }, "stream", "invalid_type", /expected boolean, got a string$/],
    [{ stop: 7 }, "stop", "invalid_type", /expected string or array, got 7$/],
    [{ stop: ["a", 7] }, "stop.1", "invalid_type", /expected string, got 7$/],
    [{ keep_alive: true }, "keep_alive", "invalid_type", /expected number or string, got a boolean$/],
    [{ model: "" }, "model", "invalid_value", /, got an empty string$/],
  ])(
    "that may be of several types is told of the one that was meant: %j",
    async (fields, param, code, why) => {
      const refused = await refusedChat(fields);
      expect(refused).toMatchObject({ status: 400, param, code });
      expect(refused.message).toMatch(why);
    },
  );

  test.each([
    [[], "prompt", "invalid_value", /expected array length to be greater or equal to 1, got an array of 0$/],
    [[1, "x"], "prompt.1", "invalid_type", /expected integer, got a string$/],
    [null, "prompt", "invalid_type", /expected string or array, got null$/],
  ])("of a prompt, which may be of many types, is found: %j", async (prompt, param, code, why) => {
    const refused = await refusal("/v1/completions", JSON.stringify({ model: "test-model", prompt }));
    expect(refused).toMatchObject({ status: 400, param, code });
    expect(refused.message).toMatch(why);
  });

  test("of the query string is named too", async () => {
    await using server = await startServer();
    const answer = await fetch(`${server.url}/undeploy?model_name=`, { method: "DELETE" });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param: "model_name" } });
  });

  test("of the query string is told what it should be in words", async () => {
    await using server = await startServer();
    const answer = await fetch(`${server.url}/models/estimate?model=x&parallel=two`);
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as Envelope;
    expect(error).toMatchObject({ param: "parallel", code: "invalid_value" });
    expect(error.message).toBe(
      "'parallel' is not valid: expected a whole number of at least 1, got a string",
    );
  });

  test.each(["1", "yes"])("of the query string is true or false and not %s", async (value) => {
    await using server = await startServer();
    const answer = await fetch(`${server.url}/downloads/x?discard=${value}`, { method: "DELETE" });
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as Envelope;
    expect(error.message).toBe(`'discard' must be one of "true", "false"`);
  });

  test("that the server does not know is tolerated", async () => {
    await using server = await startServer();
    const answer = await fetch(`${server.url}/query`, {
      method: "POST",
      body: '{"prompt":"Hi","colour":"blue"}',
    });
    expect(answer.status).toBe(200);
  });
});
