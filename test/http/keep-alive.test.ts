import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { postJson } from "../support/inference.ts";
import { startServer } from "../support/server.ts";

const endpoints = [
  ["/v1/chat/completions", { model: "a", messages: [{ role: "user", content: "Hi" }] }],
  ["/v1/completions", { model: "a", prompt: "Hi" }],
  ["/query", { model_name: "a", prompt: "Hi" }],
] as const;

const ask = (...each: unknown[]) => endpoints.flatMap((one) => each.map((value) => [value, ...one] as const));

/** Nothing is deployed; a model that was unloaded is loaded again for a request. */
async function start() {
  const server = await startServer({}, { deploy: null, loadOnRequest: true });
  return Object.assign(server, {
    deploy: (model_name: string, more = {}) => server.manager.deploy({ model_name, wait: true, ...more }),
    stateOf: (name: string) => server.manager.list().find((one) => one.model_name === name)?.state,
  });
}

test.each(ask("5m", -1))("keep_alive %j of POST %s keeps a model longer than its ttl", async (...given) => {
  const [keep_alive, path, body] = given;
  await using server = await start();
  await server.deploy("a", { ttl: 0.02 });
  expect((await postJson(server, path, { ...body, keep_alive })).status).toBe(200);
  // It has the same ttl, and lies idle for less time.
  await server.deploy("b", { ttl: 0.02 });
  await eventually(() => server.stateOf("b") === "unloaded", "the other model is unloaded");
  expect(server.stateOf("a")).toBe("ready");
});

test.each(ask(0))("keep_alive %j of POST %s unloads a model that has no ttl", async (...given) => {
  const [keep_alive, path, body] = given;
  await using server = await start();
  await server.deploy("a");
  expect((await postJson(server, path, { ...body, keep_alive })).status).toBe(200);
  await eventually(() => server.stateOf("a") === "unloaded", "the model is unloaded");
});
