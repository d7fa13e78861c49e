import { describe, expect, test } from "bun:test";
import type { ErrorBody } from "../../src/errors.ts";
import { startServer } from "../support/server.ts";

describe("a model that nobody has is the fault of the field that named it", () => {
  test.each([
    ["POST", "/v1/chat/completions", "model", { messages: [{ role: "user", content: "Hi" }] }],
    ["POST", "/v1/completions", "model", { prompt: "Hi" }],
    ["POST", "/tokenize", "model", { prompt: "Hi" }],
    ["POST", "/query", "model_name", { prompt: "Hi" }],
    ["POST", "/deploy", "model_name", {}],
    ["DELETE", "/undeploy?model_name=nope", "model_name", null],
  ])("%s %s: '%s'", async (method, path, field, fields) => {
    const body = fields && JSON.stringify({ ...fields, [field]: "nope" });
    for (const loadOnRequest of [true, false]) {
      await using strict = await startServer({}, { realFiles: true, deploy: null, loadOnRequest });
      const answer = await fetch(strict.url + path, { method, body });
      const { error } = (await answer.json()) as ErrorBody;
      expect([answer.status, error.code, error.param]).toEqual([404, "model_not_found", field]);
    }
  });
});
