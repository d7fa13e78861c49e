import type { DeployRequest } from "../../src/schemas/deployment.ts";
import type { QueryRequest } from "../../src/schemas/query.ts";

const NUMBERS = [
  "max_length",
  "max_new_tokens",
  "temperature",
  "top_p",
  "top_k",
  "num_return_sequences",
] as const;

/** Reads the form; an empty field is left out, so that the server's default holds. */
export function readQuery(form: FormData): QueryRequest {
  const query: QueryRequest = { prompt: text(form, "prompt"), do_sample: form.has("do_sample") };
  const model = text(form, "model_name");
  if (model) query.model_name = model;
  for (const name of NUMBERS) {
    const value = text(form, name);
    if (value !== "") query[name] = Number(value);
  }
  return query;
}

/**
 * The same question for `POST /v1/chat/completions`, which can stream. It has no `max_length`, the limit
 * on prompt and answer together; there it bounds the answer alone.
 */
export function toChat(query: QueryRequest, model: string) {
  return {
    model: query.model_name ?? model,
    messages: [{ role: "user", content: query.prompt }],
    max_tokens: query.max_new_tokens ?? query.max_length ?? 512,
    temperature: query.do_sample ? (query.temperature ?? 0.7) : 0,
    top_p: query.top_p ?? 0.9,
    top_k: query.top_k ?? 50,
    stream: true,
    stream_options: { include_usage: true },
  };
}

/** What the deploy form sends to `POST /deploy`; empty fields are left out. */
export function readDeploy(form: FormData): DeployRequest {
  const number = (name: string) => (text(form, name) === "" ? {} : { [name]: Number(text(form, name)) });
  const token = text(form, "hf_token");
  return {
    model_name: text(form, "model_name").trim(),
    device: (text(form, "device") || "auto") as DeployRequest["device"],
    load_in_8bit: form.get("bits") === "8",
    load_in_4bit: form.get("bits") === "4",
    ...number("context_length"),
    ...number("parallel"),
    ...(token ? { hf_token: token } : {}),
  };
}

function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
