import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { DownloadList } from "../../src/schemas/download.ts";
import { eventually } from "../support/eventually.ts";
import { HubServer, twoModels } from "../support/hub-server.ts";
import { startServer, TEST_MODEL } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { BerthTerminal, bashTerminal } from "../support/terminal.ts";

setDefaultTimeout(60_000);

/** What Ctrl-C and Ctrl-D send. */
const INTERRUPT = "\x03";
const END = "\x04";

test("a chat on a terminal shows a prompt, streams answers with their figures, and ends at Ctrl-D", async () => {
  await using server = await startServer();
  await using terminal = new BerthTerminal(["chat"], { BERTH_URL: server.url });
  await terminal.shows(/>>> /);
  terminal.type("Hello\r");
  await terminal.shows(/Hello world/);
  await terminal.shows(/\(3 tokens/);
  terminal.type(END);
  expect(await terminal.exited).toBe(0);
});

test("Ctrl-C stops an answer at once, and the chat goes on with what was said", async () => {
  const pieces = Array.from({ length: 500 }, (_, index) => `word${index} `);
  await using server = await startServer({ pieces, decodeMs: 50 });
  await using terminal = new BerthTerminal(["chat", TEST_MODEL], { BERTH_URL: server.url });
  await terminal.shows(/>>> /);
  terminal.type("Count\r");
  await terminal.shows(/word2 /);
  terminal.type(INTERRUPT);
  await terminal.shows(/\(stopped\)/);
  const [model] = server.engine.models;
  await eventually(() => model?.cancelled === 1, "the answer is cancelled");
  server.engine.script.pieces = ["Yes."];
  terminal.type("Go on\r");
  await terminal.shows(/Yes\./);
  expect(model?.requests[1]?.prompt).toMatchObject({
    messages: [
      { content: "Count" },
      { content: expect.stringMatching(/^word0 word1 /) },
      { content: "Go on" },
    ],
  });
  terminal.type("/exit\r");
  expect(await terminal.exited).toBe(0);
});

test("Ctrl-C on a line that is being typed forgets it, and on an empty one says how to leave", async () => {
  await using server = await startServer();
  await using terminal = new BerthTerminal(["chat"], { BERTH_URL: server.url });
  await terminal.shows(/>>> /);
  terminal.type(`never asked${INTERRUPT}`);
  terminal.type(INTERRUPT);
  await terminal.shows(/Ctrl-D or \/exit leaves/);
  terminal.type("/exit\r");
  expect(await terminal.exited).toBe(0);
  expect(server.engine.models[0]?.requests).toEqual([]);
});

test("a question that fails is told, and the chat goes on", async () => {
  await using server = await startServer();
  await using terminal = new BerthTerminal(["chat"], { BERTH_URL: server.url });
  await terminal.shows(/>>> /);
  // It is started again soon, and stays away for as long as this takes.
  server.engine.script.loadMs = 60_000;
  server.engine.models[0]?.crash("a test");
  terminal.type("Hello\r");
  await terminal.shows(/error: The model '.*' is still loading/);
  terminal.type("/exit\r");
  expect(await terminal.exited).toBe(0);
});

test("/retry asks the last question again, also one that was never answered, and keeps what was said before", async () => {
  await using server = await startServer();
  await using terminal = new BerthTerminal(["chat"], { BERTH_URL: server.url });
  await terminal.shows(/>>> /);
  terminal.type("First\r");
  await terminal.shows(/\(3 tokens/);
  const [model] = server.engine.models;
  server.engine.script.prefillMs = 60_000;
  terminal.type("Second\r");
  await eventually(() => model?.requests.length === 2, "the second question is asked");
  terminal.type(INTERRUPT);
  await terminal.shows(/\(stopped\)/);
  server.engine.script.prefillMs = 0;
  server.engine.script.pieces = ["At last."];
  terminal.type("/retry\r");
  await terminal.shows(/At last\./);
  terminal.type("/retry\r");
  await eventually(() => model?.requests.length === 4, "the answered question is asked again");
  const messages = [{ content: "First" }, { content: "Hello world" }, { content: "Second" }];
  for (const request of model?.requests.slice(2) ?? []) expect(request.prompt).toMatchObject({ messages });
  terminal.type("/exit\r");
  expect(await terminal.exited).toBe(0);
});

test("questions that are piped in wait for the model, and are not read by its bar", async () => {
  await using server = await startServer({ loadMs: 600 }, { deploy: null });
  await using folder = await temporaryFolder();
  await using terminal = await bashTerminal(folder.path, { BERTH_URL: server.url });
  terminal.type("printf 'first\\nsecond\\n' | berth chat mine; echo now $((20 + 22))\r");
  await terminal.shows(/now 42/);
  const [model] = server.engine.models;
  expect(model?.requests).toMatchObject([
    { prompt: { messages: [{ content: "first" }] } },
    { prompt: { messages: [{ content: "first" }, {}, { content: "second" }] } },
  ]);
});

test("a question tells what it waits for when its standard input does not end", async () => {
  await using server = await startServer();
  await using folder = await temporaryFolder();
  await using terminal = await bashTerminal(folder.path, { BERTH_URL: server.url });
  const kept = join(folder.path, "kept");
  terminal.type(`mkfifo ${kept} && exec 3<> ${kept}\r`);
  terminal.type(`berth query ${TEST_MODEL} Hi < ${kept}\r`);
  await terminal.shows(/Reading the standard input until it ends/);
  terminal.type(INTERRUPT);
  terminal.type(`berth query ${TEST_MODEL} Hi < /dev/null\r`);
  await terminal.shows(/Hello world/);
});

test("a deployment on a terminal shows a bar that is gone when it is ready", async () => {
  await using server = await startServer({ loadMs: 600 }, { deploy: null });
  await using terminal = new BerthTerminal(["deploy", "mine"], { BERTH_URL: server.url });
  await terminal.shows(/━+ Loading mine \d+ %/);
  await terminal.shows(/mine is ready on cpu/);
  expect(await terminal.exited).toBe(0);
});

test("Ctrl-C leaves a pull with exit code 130, and the download goes on in the server", async () => {
  const [model] = await twoModels();
  await using at = await HubServer.start((hub) => hub.add("user/repo", { files: { "m.gguf": model } }));
  at.slowDown();
  await using terminal = new BerthTerminal(["pull", "user/repo"], { BERTH_URL: at.url });
  await terminal.shows(/Downloading \d+ % of 1 MiB/);
  at.crawl();
  terminal.type(INTERRUPT);
  expect(await terminal.exited).toBe(130);
  await terminal.shows(/The download goes on in the server/);
  const { downloads } = await at.get<DownloadList>("/downloads");
  expect(downloads).toMatchObject([{ state: "downloading" }]);
  at.hurry();
  await at.reaches(downloads[0]?.id, "completed");
});

test.each([
  ["Ctrl-C", INTERRUPT],
  ["Escape", "\x1b"],
])("%s while a deployment loads is an interruption, with exit code 130", async (_name, key) => {
  await using server = await startServer({ loadMs: 60_000 }, { deploy: null });
  await using terminal = new BerthTerminal(["deploy", "mine"], { BERTH_URL: server.url });
  await terminal.shows(/Loading mine 50 %/);
  terminal.type(key);
  expect(await terminal.exited).toBe(130);
  expect(server.manager.list()).toMatchObject([{ state: "loading" }]);
});

test("Tab completes commands and models in bash, whatever else is installed", async () => {
  await using server = await startServer();
  await using folder = await temporaryFolder();
  await using terminal = await bashTerminal(folder.path, { BERTH_URL: server.url });
  terminal.type("source <(berth complete bash); echo now $((20 + 22))\r");
  await terminal.shows(/now 42/);
  terminal.type("berth und\t");
  await terminal.shows(/berth undeploy /);
  terminal.type("\t");
  await terminal.shows(new RegExp(`berth undeploy ${TEST_MODEL} `));
});
