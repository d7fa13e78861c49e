import { swagger } from "@elysiajs/swagger";
import type { TSchema } from "@sinclair/typebox";
import { type AnyElysia, type DocumentDecoration, Elysia } from "elysia";
import { ErrorBody } from "../schemas/shared.ts";
import { type Specification, tidySpecification } from "./specification.ts";

const SPEC_PATH = "/docs/json";

const DESCRIPTION =
  "An OpenAI-compatible inference server for open models. Every failure carries the OpenAI error envelope and every answer an `x-request-id`.";

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

const TAGS = [
  { name: "Deployments", description: "Which models run" },
  { name: "Models", description: "Which models are on this machine, and how more get there" },
  { name: "Queries", description: "Ask a model" },
  { name: "OpenAI", description: "What OpenAI clients use, with the base URL ending in /v1" },
  { name: "Operation", description: "Watch and steer the server" },
  { name: "Page", description: "For people" },
];

/** The specification of all routes of `app`, at `/docs/json` and `/openapi.json`. */
export function openApi(version: string, app: () => AnyElysia) {
  let specification: object | undefined;
  return (
    new Elysia({ name: "openapi" })
      .get(
        "/openapi.json",
        async ({ request }) => {
          const answer = await app().handle(new Request(new URL(SPEC_PATH, request.url)));
          return Response.json(await answer.json());
        },
        { detail: { hide: true } },
      )
      // Stands before the plugin, so that it sees what the plugin's route answers.
      .onAfterHandle(
        ({ responseValue }) =>
          (specification ??= tidySpecification(responseValue as Specification, app().routes)),
      )
      .use(
        swagger({
          // The same path twice leaves only the specification; the page at `/docs` is ours.
          path: SPEC_PATH,
          specPath: SPEC_PATH,
          excludeStaticFile: false,
          documentation: {
            info: { title: "Berth", version, description: DESCRIPTION, license: { name: "MIT" } },
            tags: TAGS,
          },
        }),
      )
  );
}
