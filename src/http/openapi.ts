import { swagger } from "@elysiajs/swagger";
import type { TSchema } from "@sinclair/typebox";
import { type DocumentDecoration, Elysia } from "elysia";
import { ErrorBody } from "../schemas/shared.ts";

const SPEC_PATH = "/docs/json";

interface Answers {
  /** The body of 200. */
  json?: TSchema;
  /** The data of each event, where the endpoint streams. */
  stream?: TSchema;
  description?: string;
  /** Failures by status: when they happen. */
  errors?: Record<number, string>;
}

/**
 * The `detail.responses` of a route. A `response` schema would document it too, but then the plugin
 * claims that every answer also comes as multipart and text.
 */
export function answers({ json, stream, description = "OK", errors = {} }: Answers) {
  const content = {
    ...(json && { "application/json": { schema: json } }),
    ...(stream && { "text/event-stream": { schema: stream } }),
  };
  const failures = Object.entries(errors).map(([status, text]) => [
    status,
    { description: text, content: { "application/json": { schema: ErrorBody } } },
  ]);
  // TypeBox schemas are JSON schemas, which the type of the specification does not know.
  return {
    200: { description, content },
    ...Object.fromEntries(failures),
  } as DocumentDecoration["responses"];
}

/** The specification at `/docs/json` and `/openapi.json`, made from the routes. */
export function openApi(version: string) {
  return new Elysia({ name: "openapi" }).use(
    swagger({
      path: SPEC_PATH,
      specPath: SPEC_PATH,
      documentation: { info: { title: "Berth", version } },
    }),
  );
}
