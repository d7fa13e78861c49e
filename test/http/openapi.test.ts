import { beforeAll, describe, expect, test } from "bun:test";
import { startServer } from "../support/server.ts";

interface Operation {
  summary?: string;
  tags?: string[];
  operationId?: string;
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }>;
}

interface Schema {
  $ref?: string;
  examples?: object[];
  required?: string[];
  properties?: Record<string, Schema & { enum?: unknown[]; anyOf?: Schema[] }>;
}

interface Specification {
  openapi: string;
  info: { title: string; version: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

let text = "";
let specification: Specification;

beforeAll(async () => {
  await using server = await startServer();
  text = await (await fetch(`${server.url}/docs/json`)).text();
  specification = JSON.parse(text) as Specification;
});

const operations = () =>
  Object.entries(specification.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );

describe("the specification", () => {
  test("has an example for each body, so that a reader of /docs can send it as it is", () => {
    for (const { name, operation } of operations()) {
      const body = operation.requestBody?.content["application/json"]?.schema;
      if (!body) continue;
      const schema = specification.components.schemas[body.$ref?.split("/").at(-1) ?? ""] ?? {};
      const [example = {}] = schema.examples ?? [];
      expect(Object.keys(schema.properties ?? {}), name).toEqual(
        expect.arrayContaining(Object.keys(example)),
      );
      expect(Object.keys(example), name).not.toBeEmpty();
      for (const required of schema.required ?? []) expect(example, name).toHaveProperty(required);
    }
  });

  test("names every endpoint, and none that is only for the page", () => {
    expect(
      operations()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([
      "DELETE /downloads/{id}",
      "DELETE /models/{id}",
      "DELETE /undeploy",
      "GET /",
      "GET /config",
      "GET /downloads",
      "GET /downloads/{id}",
      "GET /downloads/{id}/events",
      "GET /events",
      "GET /health",
      "GET /hub/search",
      "GET /models",
      "GET /models/estimate",
      "GET /models/{id}",
      "GET /readyz",
      "GET /recommendations",
      "GET /requests",
      "GET /status",
      "GET /v1/models",
      "GET /v1/models/{id}",
      "GET /web-interface",
      "POST /deploy",
      "POST /downloads/{id}/pause",
      "POST /downloads/{id}/resume",
      "POST /models/pull",
      "POST /query",
      "POST /requests/{id}/cancel",
      "POST /tokenize",
      "POST /v1/chat/completions",
      "POST /v1/completions",
    ]);
  });

  test("describes each with a summary, a known tag, an id of its own and what it answers", () => {
    const tags = specification.tags.map(({ name }) => name);
    for (const { name, operation } of operations()) {
      expect(operation.summary, name).toBeString();
      expect(tags, name).toContainValues(operation.tags ?? ["none"]);
      expect(operation.responses["200"]?.description, name).toBeString();
      expect(Object.keys(operation.responses["200"]?.content ?? {}), name).not.toBeEmpty();
    }
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("says of bodies and answers nothing but JSON, and event streams where there are some", () => {
    const types = new Set(
      operations().flatMap(({ operation }) => [
        ...Object.keys(operation.requestBody?.content ?? {}),
        ...Object.values(operation.responses).flatMap(({ content }) => Object.keys(content ?? {})),
      ]),
    );
    expect([...types].toSorted()).toEqual(["application/json", "text/event-stream", "text/html"]);
  });

  test("refers only to schemas that it holds, and leaks no TypeBox names", () => {
    const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name ?? "",
    );
    expect(names).not.toBeEmpty();
    expect(Object.keys(specification.components.schemas)).toContainValues(names);
    expect(text).not.toContain('"$id"');
  });

  test("has the documented fields of POST /deploy, with the devices as an enum", () => {
    const { DeployRequest, Device } = specification.components.schemas;
    expect(DeployRequest?.required).toEqual(["model_name"]);
    expect(Object.keys(DeployRequest?.properties ?? {})).toContainValues([
      "model_name",
      "device",
      "load_in_8bit",
      "load_in_4bit",
      "trust_remote_code",
      "hf_token",
    ]);
    expect(Device).toMatchObject({ type: "string", enum: ["auto", "cpu", "cuda", "vulkan", "metal"] });
  });

  test("carries the version of the server", () => {
    expect(specification).toMatchObject({
      openapi: "3.1.0",
      info: { title: "Berth", version: "0.0.0-test" },
    });
  });

  test("is the same at /openapi.json", async () => {
    await using server = await startServer();
    const answer = await fetch(`${server.url}/openapi.json`);
    expect(answer.headers.get("content-type")).toStartWith("application/json");
    expect(await answer.text()).toBe(text);
  });
});
