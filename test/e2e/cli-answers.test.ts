import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { verb } from "../support/cli-client.ts";
import { eventually } from "../support/eventually.ts";
import { startServer, TEST_MODEL } from "../support/server.ts";

setDefaultTimeout(60_000);

describe("berth query", () => {
  test("prints the answer alone", async () => {
    await using server = await startServer();
    expect(await verb(server.url, ["query", TEST_MODEL, "Say", "hello"])).toEqual({
      code: 0,
      out: "Hello world\n",
      err: "",
    });
    expect(server.engine.models[0]?.requests[0]?.prompt).toMatchObject({
      messages: [{ role: "user", content: "Say hello" }],
    });
  });

  test("puts what is piped in after the prompt", async () => {
    await using server = await startServer();
    await verb(server.url, ["query", TEST_MODEL, "Summarise:", "--system", "Be brief."], "one\ntwo\n");
    expect(server.engine.models[0]?.requests[0]?.prompt).toMatchObject({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Summarise:\n\none\ntwo" },
      ],
    });
  });

  test("deploys a model that is not deployed", async () => {
    await using server = await startServer({}, { deploy: null });
    const { code, out } = await verb(server.url, ["query", "mine", "Hello"]);
    expect({ code, out }).toEqual({ code: 0, out: "Hello world\n" });
  });

  test("gives a program the completion with its figures", async () => {
    await using server = await startServer();
    const words = [
      "query",
      TEST_MODEL,
      "Hi",
      "--json",
      "--temperature",
      "0",
      "--seed",
      "7",
      "--max-tokens",
      "2",
    ];
    const { out } = await verb(server.url, words);
    expect(JSON.parse(out)).toMatchObject({ object: "chat.completion", usage: { completion_tokens: 2 } });
    expect(server.engine.models[0]?.requests[0]).toMatchObject({
      maxTokens: 2,
      sampling: { temperature: 0, seed: 7 },
    });
  });

  test("lifts the bound that a deployment has", async () => {
    await using server = await startServer();
    await server.manager.deploy({ model_name: "brief", sampling: { max_tokens: 1 }, wait: true });
    expect((await verb(server.url, ["query", "brief", "Hi"])).out).toBe("Hello\n");
    const lifted = await verb(server.url, ["query", "brief", "Hi", "--max-tokens", "-1"]);
    expect(lifted).toMatchObject({ code: 0, out: "Hello world\n" });
    const refused = await verb(server.url, ["query", "brief", "Hi", "--max-tokens", "0"]);
    expect(refused.err).toContain("It takes a whole number of at least 1, or -1.");
    expect(refused.code).toBe(1);
  });

  test("asks for a prompt when there is none", async () => {
    await using server = await startServer();
    const { code, err } = await verb(server.url, ["query", TEST_MODEL]);
    expect(err).toContain("There is no prompt");
    expect(code).toBe(1);
  });

  test("fails when the answer breaks off", async () => {
    await using server = await startServer({ failAt: { index: 2, error: new Error("a bug") } });
    const { code, out, err } = await verb(server.url, ["query", TEST_MODEL, "Hi"]);
    expect(out).toStartWith("Hello wor");
    expect(err).toContain("error: ");
    expect(code).toBe(1);
  });
});

describe("berth chat", () => {
  test("asks each line of a pipe, with all that was said before", async () => {
    await using server = await startServer();
    const { code, out } = await verb(server.url, ["chat"], "first\nsecond\n");
    expect({ code, out }).toEqual({ code: 0, out: "Hello world\nHello world\n" });
    expect(server.engine.models[0]?.requests[1]?.prompt).toMatchObject({
      messages: [{ content: "first" }, { role: "assistant", content: "Hello world" }, { content: "second" }],
    });
  });

  test("asks the model that gave its memory back for being idle", async () => {
    await using server = await startServer({}, { deploy: null, loadOnRequest: true });
    await server.manager.deploy({ model_name: "mine", ttl: 0, wait: true });
    await eventually(() => server.manager.list()[0]?.state === "unloaded", "it is unloaded");
    expect(await verb(server.url, ["chat"], "first\n")).toMatchObject({ code: 0, out: "Hello world\n" });
  });

  test("answers each line of a program by one line of JSON, with its figures", async () => {
    await using server = await startServer();
    const { code, out, err } = await verb(server.url, ["chat", "--json"], "first\n/clear\nsecond\nthird\n");
    const answers = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers).toHaveLength(3);
    for (const answer of answers)
      expect(answer).toMatchObject({
        object: "chat.completion",
        choices: [{ message: { content: "Hello world" } }],
        usage: { completion_tokens: expect.any(Number) },
      });
    expect(server.engine.models[0]?.requests[2]?.prompt).toMatchObject({
      messages: [{ content: "second" }, { role: "assistant", content: "Hello world" }, { content: "third" }],
    });
    expect({ code, err }).toEqual({ code: 0, err: "Forgotten.\n" });
  });

  test("tells a program its failure as JSON", async () => {
    await using server = await startServer({ failAt: { index: 2, error: new Error("a bug") } });
    const { code, out, err } = await verb(server.url, ["chat", "--json"], "first\nsecond\n");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(JSON.parse(err)).toMatchObject({ error: { message: expect.any(String) } });
  });

  test("asks what a fenced text says, be it like a command, and though the pipe ends within", async () => {
    await using server = await startServer();
    const { code } = await verb(server.url, ["chat"], '"""// a\nb"""\n"""/exit"""\n"""c\nd\n');
    expect(code).toBe(0);
    const asked = server.engine.models[0]?.requests.map(({ prompt }) =>
      prompt.kind === "chat" ? prompt.messages.at(-1)?.content : null,
    );
    expect(asked).toEqual(["// a\nb", "/exit", "c\nd"]);
  });

  test("takes commands, and texts of several lines", async () => {
    await using server = await startServer();
    const input = 'gone\n/clear\n/system Be kind.\n"""a\n/b\n"""\n/exit\nnever asked\n';
    const { code } = await verb(server.url, ["run", TEST_MODEL], input);
    expect(code).toBe(0);
    const requests = server.engine.models[0]?.requests ?? [];
    expect(requests).toHaveLength(2);
    expect(requests[1]?.prompt).toMatchObject({
      messages: [
        { role: "system", content: "Be kind." },
        { role: "user", content: "a\n/b" },
      ],
    });
  });
});
